import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const slim: Record<string, string> = {
  "@bufbuild/protobuf/dist/esm/codegenv2/file.js": "file.ts",
  "@bufbuild/protobuf/dist/esm/from-json.js": "json.ts",
  "@bufbuild/protobuf/dist/esm/to-json.js": "json.ts",
  "@bufbuild/protobuf/dist/esm/wire/text-format.js": "text-format.ts",
  "@connectrpc/connect-query-core/dist/esm/structural-sharing.js": "structural-sharing.ts",
};

/** Leaves out parts of libraries that the page does not use: see src/slim. */
const slimLibraries: Plugin = {
  name: "slim-libraries",
  apply: "build",
  enforce: "pre",
  async resolveId(source, importer) {
    if (!importer?.includes("/node_modules/") || !source.startsWith(".")) return null;
    const part = Object.keys(slim).find((p) => p.endsWith(`/${source.split("/").at(-1)}`));
    if (!part) return null;
    const found = await this.resolve(source, importer, { skipSelf: true });
    return found?.id.endsWith(`/${part}`) ? fileURLToPath(new URL(`src/slim/${slim[part]}`, import.meta.url)) : null;
  },
};

// The names are fixed: the server embeds them and tells versions apart by ETag.
export default defineConfig(({ command }) => ({
  base: "./",
  plugins: [slimLibraries],
  resolve: {
    alias: {
      "react-dom": "preact/compat",
      "react/jsx-runtime": "preact/jsx-runtime",
      "react/jsx-dev-runtime": "preact/jsx-dev-runtime",
      react: "preact/compat",
    },
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact", development: command === "serve" } },
  build: {
    target: "es2022",
    sourcemap: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
    rolldownOptions: {
      onLog: (level, log, log_) => log.code === "MODULE_LEVEL_DIRECTIVE" || log_(level, log),
      output: {
        entryFileNames: "app.js",
        assetFileNames: (asset) => (asset.names.some((n) => n.endsWith(".css")) ? "app.css" : "[name][extname]"),
        codeSplitting: false,
      },
    },
  },
  server: {
    host: "127.0.0.1",
    port: 5173,
    proxy: Object.fromEntries(
      ["/satcap.v1.", "/session", "/ui.json"].map((path) => [path, process.env.SATCAP_URL ?? "http://127.0.0.1:8080"]),
    ),
  },
  test: { include: ["src/**/*.test.ts", "src/**/*.test.tsx"] },
}));
