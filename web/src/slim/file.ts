// Takes the place of protobuf-es' codegenv2/file.js in the build: it reads a file's
// descriptor by the tables below, so that descriptor.proto itself, which is larger than
// the whole API, need not be part of the page. Options are left out: none is used here.
import type { DescFile } from "@bufbuild/protobuf";
// By path: the package's own entry would import this file before it is there itself.
import { protoCamelCase } from "../../node_modules/@bufbuild/protobuf/dist/esm/reflect/names.js";
import { createFileRegistry } from "../../node_modules/@bufbuild/protobuf/dist/esm/registry.js";
import { base64Decode } from "../../node_modules/@bufbuild/protobuf/dist/esm/wire/base64-encoding.js";
import { BinaryReader } from "../../node_modules/@bufbuild/protobuf/dist/esm/wire/binary-encoding.js";

type Kind = "string" | "int" | "bool" | Table;
type Table = { name: string; fields: Record<number, [name: string, kind: Kind, repeated?: true]>; defaults: object };
type Raw = Record<string, unknown>;

const table = (name: string, fields: Table["fields"], defaults: object = {}): Table => ({ name, fields, defaults });
const enumType = table("EnumDescriptorProto", {
  1: ["name", "string"],
  2: ["value", table("EnumValueDescriptorProto", { 1: ["name", "string"], 2: ["number", "int"] }), true],
});
const field = table(
  "FieldDescriptorProto",
  {
    1: ["name", "string"],
    2: ["extendee", "string"],
    3: ["number", "int"],
    4: ["label", "int"],
    5: ["type", "int"],
    6: ["typeName", "string"],
    7: ["defaultValue", "string"],
    9: ["oneofIndex", "int"],
    10: ["jsonName", "string"],
    17: ["proto3Optional", "bool"],
  },
  { label: 1, typeName: "", extendee: "", defaultValue: "", oneofIndex: 0, jsonName: "", proto3Optional: false },
);
const message: Table = table("DescriptorProto", {
  1: ["name", "string"],
  2: ["field", field, true],
  4: ["enumType", enumType, true],
  6: ["extension", field, true],
  8: ["oneofDecl", table("OneofDescriptorProto", { 1: ["name", "string"] }), true],
});
message.fields[3] = ["nestedType", message, true];
const method = table(
  "MethodDescriptorProto",
  {
    1: ["name", "string"],
    2: ["inputType", "string"],
    3: ["outputType", "string"],
    5: ["clientStreaming", "bool"],
    6: ["serverStreaming", "bool"],
  },
  { clientStreaming: false, serverStreaming: false },
);
const file = table(
  "FileDescriptorProto",
  {
    1: ["name", "string"],
    2: ["package", "string"],
    4: ["messageType", message, true],
    5: ["enumType", enumType, true],
    6: ["service", table("ServiceDescriptorProto", { 1: ["name", "string"], 2: ["method", method, true] }), true],
    7: ["extension", field, true],
    12: ["syntax", "string"],
  },
  { syntax: "", package: "", edition: 0 },
);

function read(bytes: Uint8Array, t: Table): Raw {
  // What a message does not set is on its prototype: protobuf-es tells the two apart.
  const out = Object.create(t.defaults) as Raw;
  out.$typeName = `google.protobuf.${t.name}`;
  for (const [name, , repeated] of Object.values(t.fields)) if (repeated) out[name] = [];
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const [name, kind, repeated] = t.fields[number] ?? [];
    if (name === undefined || kind === undefined) {
      reader.skip(wireType);
      continue;
    }
    const value =
      kind === "string" ? reader.string() : kind === "int" ? reader.int32() : kind === "bool" ? reader.bool() : read(reader.bytes(), kind);
    if (repeated) (out[name] as unknown[]).push(value);
    else out[name] = value;
  }
  return out;
}

function nameFields(m: Raw): void {
  for (const f of m.field as Raw[]) if (!Object.hasOwn(f, "jsonName")) f.jsonName = protoCamelCase(f.name as string);
  (m.nestedType as Raw[]).forEach(nameFields);
}

export function fileDesc(b64: string, imports: DescFile[] = []): DescFile {
  const root = read(base64Decode(b64), file);
  (root.messageType as Raw[]).forEach(nameFields);
  root.dependency = imports.map((f) => f.proto.name);
  const registry = createFileRegistry(root as unknown as DescFile["proto"], (name) => imports.find((f) => f.proto.name === name));
  const found = registry.getFile(root.name as string);
  if (!found) throw new Error("no descriptor");
  return found;
}
