// Makes the page small. The library that reads and writes messages does more
// than this page needs, in ways that a bundler cannot see. Only builds: the dev
// server and the unit tests run the library as it is.
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { describe } from "./describe.ts";

const hydrate = fileURLToPath(new URL("./hydrate.ts", import.meta.url));

// Never run here: the wire is binary, and proto3 has no defaults to parse. Their
// callers stay, so each is replaced by functions that fail if called after all.
const unused: [file: string, names: string[]][] = [
  ["from-json.js", ["fromJson", "fromJsonString", "mergeFromJson", "mergeFromJsonString", "enumFromJson", "isEnumJson"]],
  ["to-json.js", ["toJson", "toJsonString", "enumToJson"]],
  [
    "extensions.js",
    ["getExtension", "setExtension", "clearExtension", "hasExtension", "hasOption", "getOption", "createExtensionContainer"],
  ],
];

// Run here, and not needed: looks whether values fit their fields before they
// are written. TypeScript has, and the server does.
const unchecked = ["checkField", "checkListItem", "checkMapEntry"];

const library = "/@bufbuild/protobuf/dist/esm/";

// A file of the library that cannot be a table is fine as long as nothing uses
// it. This mark in the bundle says that something does.
const refused = "cannot be described: ";

function table(base64: string): string {
  try {
    // JSON is JavaScript, and gzip likes it better than base64.
    return JSON.stringify(describe(base64));
  } catch (error) {
    return JSON.stringify(refused + String(error));
  }
}

export function smallMessages(): Plugin {
  const replaced = new Set<string>();
  return {
    name: "small-messages",
    apply: "build",
    transform(code, id) {
      const file = id.split(library)[1];
      const names = unused.find(([name]) => name === file)?.[1];
      if (file && names) {
        replaced.add(file);
        const stubs = names.map((name) => `export function ${name}() { throw new Error("${name} is left out"); }`);
        return { code: stubs.join("\n"), moduleSideEffects: false, map: null };
      }
      if (file === "reflect/reflect-check.js") {
        replaced.add(file);
        const passes = unchecked.map((name) => `export function ${name}() {}`);
        return { code: [...passes, "export const formatVal = String;"].join("\n"), moduleSideEffects: false, map: null };
      }
      if (file === "codegenv2/file.js") {
        replaced.add(file);
        return { code: `export { fileDesc } from ${JSON.stringify(hydrate)};`, moduleSideEffects: false, map: null };
      }
      if (!/\bfileDesc\("/.test(code)) return undefined;
      return { code: code.replace(/\bfileDesc\("([A-Za-z0-9+/=]+)"/g, (_, base64: string) => `fileDesc(${table(base64)}`), map: null };
    },
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type === "chunk" && chunk.code.includes(refused)) this.error(chunk.code.split(refused)[1]?.slice(0, 200) ?? refused);
      }
    },
    buildEnd(error) {
      const wanted = [...unused.map(([name]) => name), "codegenv2/file.js", "reflect/reflect-check.js"];
      const missing = wanted.filter((name) => !replaced.has(name));
      if (!error && missing.length > 0) this.error(`${missing.join(", ")} not found: has the library moved them?`);
    },
  };
}
