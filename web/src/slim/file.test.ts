// What is left out of the build changes nothing that the API needs.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { DescFile, DescMessage } from "@bufbuild/protobuf";
import { toBinary as encode } from "@bufbuild/protobuf";
import { base64Encode } from "@bufbuild/protobuf/wire";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { expect, it } from "vitest";
import { file_satcap_v1_api_key_service as keys } from "../gen/satcap/v1/api_key_service_pb";
import { file_satcap_v1_limit_service as limits } from "../gen/satcap/v1/limit_service_pb";
import { file_satcap_v1_usage_service as usage, GetSpendSeriesResponseSchema } from "../gen/satcap/v1/usage_service_pb";
import { fileDesc } from "./file";

function again(file: DescFile): DescFile {
  return fileDesc(base64Encode(encode(FileDescriptorProtoSchema, file.proto)), file.dependencies.map(again));
}

function shape(message: DescMessage): unknown {
  return {
    type: message.typeName,
    oneofs: message.oneofs.map((o) => o.name),
    fields: message.fields.map((f) => ({
      name: f.localName,
      json: f.jsonName,
      number: f.number,
      kind: f.fieldKind,
      presence: f.presence,
      scalar: f.scalar,
      packed: f.fieldKind === "list" && f.packed,
      oneof: f.oneof?.name,
      of: f.message?.typeName ?? f.enum?.typeName,
    })),
  };
}

it.each([keys, limits, usage])("reads the same descriptors as protobuf-es: %#", (file) => {
  const copy = again(file);
  expect(copy.messages.map(shape)).toEqual(file.messages.map(shape));
  expect(copy.enums.map((e) => e.values.map((v) => [v.name, v.localName, v.number]))).toEqual(
    file.enums.map((e) => e.values.map((v) => [v.name, v.localName, v.number])),
  );
  const methods = (f: DescFile) =>
    f.services.flatMap((s) => s.methods.map((m) => [s.typeName, m.localName, m.methodKind, m.input.typeName, m.output.typeName]));
  expect(methods(copy)).toEqual(methods(file));
});

it("encodes and decodes with them", () => {
  const schema = again(usage).messages.find((m) => m.typeName === GetSpendSeriesResponseSchema.typeName)!;
  const value = create(GetSpendSeriesResponseSchema, { limitSats: 0n, buckets: [{ spentSats: 2_100_000_000_000_000n }] });
  const bytes = toBinary(GetSpendSeriesResponseSchema, value);
  expect(toBinary(schema, fromBinary(schema, bytes))).toEqual(bytes);
});
