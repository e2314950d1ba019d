import { readdirSync, readFileSync } from "node:fs";
import type { DescEnum, DescFile, DescMessage } from "@bufbuild/protobuf";
import { file_google_protobuf_any, file_google_protobuf_timestamp, file_google_protobuf_duration } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { file_google_rpc_status } from "../src/gen/google/rpc/status_pb";
import { file_satcap_v1_api_key } from "../src/gen/satcap/v1/api_key_pb";
import { file_satcap_v1_api_key_service } from "../src/gen/satcap/v1/api_key_service_pb";
import { file_satcap_v1_limit_service } from "../src/gen/satcap/v1/limit_service_pb";
import { file_satcap_v1_spend } from "../src/gen/satcap/v1/spend_pb";
import { file_satcap_v1_spend_service } from "../src/gen/satcap/v1/spend_service_pb";
import { file_satcap_v1_usage } from "../src/gen/satcap/v1/usage_pb";
import { file_satcap_v1_usage_service } from "../src/gen/satcap/v1/usage_service_pb";
import { describe as tableOf } from "./describe.ts";
import { fileDesc } from "./hydrate.ts";

const wkt = new URL("../node_modules/@bufbuild/protobuf/dist/esm/wkt/gen/google/protobuf/", import.meta.url);
const gen = new URL("../src/gen/satcap/v1/", import.meta.url);
const rpc = new URL("../src/gen/google/rpc/", import.meta.url);

// In the order in which they import each other.
const files: [URL, DescFile][] = [
  [new URL("timestamp_pb.js", wkt), file_google_protobuf_timestamp],
  [new URL("duration_pb.js", wkt), file_google_protobuf_duration],
  [new URL("any_pb.js", wkt), file_google_protobuf_any],
  [new URL("status_pb.ts", rpc), file_google_rpc_status],
  [new URL("usage_pb.ts", gen), file_satcap_v1_usage],
  [new URL("spend_pb.ts", gen), file_satcap_v1_spend],
  [new URL("api_key_pb.ts", gen), file_satcap_v1_api_key],
  [new URL("api_key_service_pb.ts", gen), file_satcap_v1_api_key_service],
  [new URL("limit_service_pb.ts", gen), file_satcap_v1_limit_service],
  [new URL("spend_service_pb.ts", gen), file_satcap_v1_spend_service],
  [new URL("usage_service_pb.ts", gen), file_satcap_v1_usage_service],
];

const plainEnum = (e: DescEnum) => ({ typeName: e.typeName, open: e.open, numbers: e.values.map((v) => v.number), keys: Object.keys(e.value) });

// plain keeps what the page's code reads, with names for references.
const plain = (m: DescMessage): unknown => ({
  kind: m.kind,
  name: m.name,
  typeName: m.typeName,
  edition: m.file.edition,
  parent: m.parent?.typeName,
  fields: m.fields.map((f) => ({
    ...Object.fromEntries(
      (["kind", "name", "localName", "number", "presence", "fieldKind", "listKind", "scalar", "packed", "delimitedEncoding"] as const).map(
        (name) => [name, (f as unknown as Record<string, unknown>)[name]],
      ),
    ),
    longAsString: (f as { longAsString?: boolean }).longAsString,
    utf8Validation: (f as unknown as { utf8Validation: boolean }).utf8Validation,
    message: f.message?.typeName,
    enum: f.enum?.typeName,
    oneof: f.oneof?.localName,
    parent: f.parent.typeName,
  })),
  field: Object.keys(m.field),
  members: m.members.map((x) => `${x.kind} ${x.localName}`),
  oneofs: m.oneofs.map((o) => [o.name, o.localName, o.fields.map((f) => f.localName)]),
  nested: m.nestedMessages.map(plain),
  enums: m.nestedEnums.map(plainEnum),
});

const whole = (file: DescFile) => ({
  name: file.name,
  messages: file.messages.map(plain),
  enums: file.enums.map(plainEnum),
  services: file.services.map((s) => ({
    typeName: s.typeName,
    methods: s.methods.map((m) => [m.kind, m.name, m.localName, m.methodKind, m.input.typeName, m.output.typeName, m.parent.typeName]),
    method: Object.keys(s.method),
  })),
});

describe("a descriptor from its table is the library's descriptor", () => {
  test.each(files)("%s", (url, real) => {
    const base64 = /fileDesc\("([^"]+)"/.exec(readFileSync(url, "utf8"))?.[1];
    expect(whole(fileDesc(tableOf(base64 ?? "")))).toEqual(whole(real));
  });
  test("no generated file is left out above", () => {
    const known = files.map(([url]) => url.pathname.split("/").pop());
    expect(readdirSync(gen).filter((name) => !known.includes(name))).toEqual(["auth_service_pb.ts"]);
  });
});
