// In the page: rebuilds the descriptors of a .proto file from its table, in place
// of fileDesc of @bufbuild/protobuf. That one decodes the descriptor with the
// descriptor of descriptors, which takes 10 KB, a sixth of what the page may weigh.
// hydrate.test.ts holds both against each other.
import type { DescEnum, DescField, DescFile, DescMessage, DescMethod, DescOneof, DescService } from "@bufbuild/protobuf";
import { CLIENT_STREAMS, OPTIONAL, REPEATED, SERVER_STREAMS, type EnumTable, type FileTable, type MessageTable } from "./table.ts";

// The library's types are read-only, and have parts that the page never reads.
type Loose<T> = { -readonly [K in keyof T]?: unknown } & { typeName?: string };

const messages = new Map<string, DescMessage>();
const enums = new Map<string, DescEnum>();

const EXPLICIT = 1;
const IMPLICIT = 2;
const STRING = 9;
const MESSAGE = 11;
const BYTES = 12;
const ENUM = 14;
const PROTO3 = 999;

const reserved = new Set(["constructor", "toString", "toJSON", "valueOf"]);
const camel = (name: string) => name.replace(/_+([a-z0-9])/g, (_, c: string) => c.toUpperCase());
const safe = (name: string) => (reserved.has(name) ? `${name}$` : name);

// fileDesc is called with the files that are imported too; by then they are in the maps.
export function fileDesc(table: FileTable): DescFile {
  const [name, pkg, messageTables, enumTables, services] = table;
  const file = {
    kind: "file",
    name: name.replace(/\.proto$/, ""),
    edition: PROTO3,
    proto: { name, package: pkg },
    messages: [] as DescMessage[],
    enums: [] as DescEnum[],
    services: [] as DescService[],
  };
  const desc = file as unknown as DescFile;
  file.enums = enumTables.map((e) => addEnum(e, pkg, desc, undefined));
  file.messages = messageTables.map((m) => addMessage(m, pkg, desc, undefined));
  messageTables.forEach((m, i) => addFields(m, file.messages[i]!));
  for (const [serviceName, methods] of services) {
    const service = { kind: "service", name: serviceName, typeName: `${pkg}.${serviceName}`, file: desc, methods: [], method: {} };
    const made = service as unknown as DescService;
    for (const [rpc, input, output, streams] of methods) {
      const method = {
        kind: "rpc",
        name: rpc,
        localName: safe(rpc[0]!.toLowerCase() + rpc.slice(1)),
        parent: made,
        methodKind: kinds[streams],
        input: messages.get(input),
        output: messages.get(output),
        idempotency: 0,
      } as unknown as DescMethod;
      made.methods.push(method);
      made.method[method.localName] = method as DescService["method"][string];
    }
    file.services.push(made);
  }
  return desc;
}

const kinds = {
  0: "unary",
  [CLIENT_STREAMS]: "client_streaming",
  [SERVER_STREAMS]: "server_streaming",
  [CLIENT_STREAMS | SERVER_STREAMS]: "bidi_streaming",
} as Record<number, DescMethod["methodKind"]>;

function addEnum([name, ...numbers]: EnumTable, scope: string, file: DescFile, parent: DescMessage | undefined): DescEnum {
  const values = numbers.map((number) => ({ kind: "enum_value", number }));
  const value = Object.fromEntries(values.map((v) => [v.number, v]));
  const desc = { kind: "enum", name, typeName: `${scope}.${name}`, file, parent, open: true, values, value };
  enums.set(desc.typeName, desc as unknown as DescEnum);
  return desc as unknown as DescEnum;
}

function addMessage(table: MessageTable, scope: string, file: DescFile, parent: DescMessage | undefined): DescMessage {
  const [name, , , nested, nestedEnums] = table;
  const typeName = `${scope}.${name}`;
  const parts = { fields: [], field: {}, oneofs: [], members: [], nestedExtensions: [] };
  const loose: Loose<DescMessage> = { kind: "message", name, typeName, file, parent, ...parts };
  const desc = loose as unknown as DescMessage;
  messages.set(typeName, desc);
  loose.nestedEnums = nestedEnums.map((e) => addEnum(e, typeName, file, desc));
  loose.nestedMessages = nested.map((m) => addMessage(m, typeName, file, desc));
  return desc;
}

// addFields comes after all messages of the file: fields refer to them.
function addFields([, fields, oneofNames, nested]: MessageTable, desc: DescMessage): void {
  const oneofs = oneofNames.map((name) => ({ kind: "oneof", name, localName: safe(camel(name)), parent: desc, fields: [] as DescField[] }));
  for (const [number, name, type, flags, typeName, inOneof] of fields) {
    const repeated = (flags & REPEATED) !== 0;
    const oneof = inOneof === undefined ? undefined : oneofs[inOneof];
    const kind = type === MESSAGE ? "message" : type === ENUM ? "enum" : "scalar";
    const explicit = !repeated && (oneof !== undefined || (flags & OPTIONAL) !== 0 || type === MESSAGE);
    const field = {
      kind: "field",
      name,
      localName: oneof ? camel(name) : safe(camel(name)),
      number,
      parent: desc,
      oneof,
      presence: explicit ? EXPLICIT : IMPLICIT,
      utf8Validation: true,
      fieldKind: repeated ? "list" : kind,
      listKind: repeated ? kind : undefined,
      scalar: kind === "scalar" ? type : undefined,
      message: type === MESSAGE ? messages.get(typeName!) : undefined,
      enum: type === ENUM ? enums.get(typeName!) : undefined,
      packed: repeated ? type !== STRING && type !== BYTES && type !== MESSAGE : undefined,
      delimitedEncoding: type === MESSAGE ? false : undefined,
      longAsString: false,
      getDefaultValue: () => undefined,
    } as unknown as DescField;
    desc.fields.push(field);
    desc.field[field.localName] = field;
    if (!oneof) desc.members.push(field);
    else if (oneof.fields.push(field) === 1) desc.members.push(oneof as unknown as DescOneof);
  }
  // The oneof of an optional field is the compiler's, and nobody's.
  desc.oneofs.push(...(oneofs.filter((o) => o.fields.length > 0) as unknown as DescOneof[]));
  nested.forEach((m, i) => addFields(m, desc.nestedMessages[i]!));
}
