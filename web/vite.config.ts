import { defineConfig } from "vitest/config";
import { smallMessages } from "./build/plugin.ts";

// The server that `npm run dev` shows: make web-dev sets another with SATCAP_URL.
const server = process.env["SATCAP_URL"] ?? "http://127.0.0.1:8080";
const proxied = Object.fromEntries(
  ["^/satcap\\.v1\\.", "^/session", "^/ui\\.json"].map((path) => [path, { target: server }]),
);

export default defineConfig({
  base: "./",
  plugins: [smallMessages()],
  resolve: {
    alias: [
      // React's API on Preact: the same source runs on React without these lines.
      { find: /^react\/jsx(-dev)?-runtime$/, replacement: "preact/jsx-runtime" },
      { find: /^react-dom\/client$/, replacement: "preact/compat/client" },
      { find: /^react(-dom)?$/, replacement: "preact/compat" },
    ],
  },
  build: {
    target: "es2022",
    sourcemap: false,
    modulePreload: { polyfill: false },
    // An inlined asset would need data: in the content security policy.
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    rolldownOptions: {
      checks: { moduleLevelDirective: false },
      output: {
        // Fixed names: the server makes ETags from the content, and git sees edits, not renames.
        entryFileNames: "app.js",
        assetFileNames: "app[extname]",
        codeSplitting: false,
      },
    },
  },
  server: { host: "127.0.0.1", port: 5173, proxy: proxied },
  test: { include: ["{src,build}/**/*.test.{ts,tsx}"], environment: "node" },
});
