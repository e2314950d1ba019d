// At build time: reads the descriptor that generated code carries in base64, and
// writes it as a table. What hydrate.ts cannot rebuild is an error here, and so
// never a wrong message in the browser.
import { fromBinary } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
  type DescriptorProto,
  type EnumDescriptorProto,
  type FieldDescriptorProto,
} from "@bufbuild/protobuf/wkt";
import {
  CLIENT_STREAMS,
  OPTIONAL,
  REPEATED,
  SERVER_STREAMS,
  type EnumTable,
  type FieldTable,
  type FileTable,
  type MessageTable,
} from "./table.ts";

export function describe(base64: string): FileTable {
  const file = fromBinary(FileDescriptorProtoSchema, Buffer.from(base64, "base64"));
  if (file.syntax !== "proto3") throw new Error(`${file.name}: only proto3 is understood`);
  if (file.extension.length > 0) throw new Error(`${file.name}: extensions are not understood`);
  return [
    file.name,
    file.package,
    file.messageType.map(message),
    file.enumType.map(enumeration),
    file.service.map((service) => [
      service.name,
      service.method.map((method) => [
        method.name,
        method.inputType.slice(1),
        method.outputType.slice(1),
        (method.clientStreaming ? CLIENT_STREAMS : 0) | (method.serverStreaming ? SERVER_STREAMS : 0),
      ]),
    ]),
  ];
}

function message(proto: DescriptorProto): MessageTable {
  if (proto.options?.mapEntry) throw new Error(`${proto.name}: map fields are not understood`);
  return [
    proto.name,
    proto.field.map(field),
    proto.oneofDecl.map((oneof) => oneof.name),
    proto.nestedType.map(message),
    proto.enumType.map(enumeration),
  ];
}

function field(proto: FieldDescriptorProto): FieldTable {
  if (proto.type === Type.GROUP || proto.label === Label.REQUIRED || proto.options?.jstype || proto.options?.packed === false) {
    throw new Error(`${proto.name}: groups, required, jstype and unpacked fields are not understood`);
  }
  const flags = (proto.label === Label.REPEATED ? REPEATED : 0) | (proto.proto3Optional ? OPTIONAL : 0);
  const table: FieldTable = [proto.number, proto.name, proto.type, flags];
  const inOneof = Object.hasOwn(proto, "oneofIndex") && !proto.proto3Optional;
  if (proto.typeName !== "" || inOneof) table.push(proto.typeName.slice(1));
  if (inOneof) table.push(proto.oneofIndex);
  return table;
}

const enumeration = (proto: EnumDescriptorProto): EnumTable => [proto.name, ...proto.value.map((value) => value.number)];
