import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { createClient } from "../../api/client";
import { ApiKeyService } from "../../gen/satcap/v1/api_key_service_pb";
import { LimitService } from "../../gen/satcap/v1/limit_service_pb";
import { fourWindows } from "../../lib/testing";
import { changesBetween, limitsOf } from "./model";
import { saveLimits } from "./save";

function mismatch(): ConnectError {
  const error = new ConnectError("revision", Code.Aborted);
  error.details = [{ type: "google.rpc.ErrorInfo", value: new BinaryWriter().tag(1, 2).string("REVISION_MISMATCH").finish() }];
  return error;
}

// server is a key whose revision moves on by `moves` between the calls.
function server(start: { revision: bigint; day: bigint }, onGet: (key: { revision: bigint; day: bigint }) => void = () => undefined) {
  const key = { ...start };
  const asked: bigint[] = [];
  const reply = () => ({ apiKey: { apiKeyId: "k", revision: key.revision, usage: fourWindows({ limit: key.day }) } });
  const transport = createRouterTransport(({ service }) => {
    service(LimitService, {
      updateLimits: (request) => {
        asked.push(request.expectedRevision ?? -1n);
        if (request.expectedRevision !== key.revision) throw mismatch();
        const update = request.updates[0]!.limit;
        if (update.case === "limitSats") key.day = update.value;
        key.revision++;
        return reply();
      },
    });
    service(ApiKeyService, {
      getApiKey: () => {
        const answer = reply();
        onGet(key);
        return answer;
      },
    });
  });
  return { clients: { keys: createClient(ApiKeyService, transport), limits: createClient(LimitService, transport) }, key, asked };
}

const base = limitsOf(fourWindows({ limit: 100n }));
const changes = changesBetween(base, { ...base, day: 200n });

test("saves against the revision that was seen", async () => {
  const s = server({ revision: 7n, day: 100n });
  expect(await saveLimits(s.clients, "k", base, 7n, changes)).toMatchObject({ conflict: false, key: { revision: 8n } });
  expect(s.asked).toEqual([7n]);
  expect(s.key.day).toBe(200n);
});

test("payments meanwhile are no conflict", async () => {
  const s = server({ revision: 9n, day: 100n });
  expect(await saveLimits(s.clients, "k", base, 7n, changes)).toMatchObject({ conflict: false });
  expect(s.asked).toEqual([7n, 9n]);
});

test("other limits are a conflict: nothing is saved", async () => {
  const s = server({ revision: 9n, day: 150n });
  const saved = await saveLimits(s.clients, "k", base, 7n, changes);
  expect(saved.conflict).toBe(true);
  expect(saved.key && limitsOf(saved.key.usage).day).toBe(150n);
  expect(s.key.day).toBe(150n);
});

test("what an earlier try did, whose answer was lost, is saved and no conflict", async () => {
  const s = server({ revision: 8n, day: 200n });
  expect(await saveLimits(s.clients, "k", base, 7n, changes)).toMatchObject({ conflict: false, key: { revision: 8n } });
  expect(s.asked).toEqual([7n]);
});

test("a key that changes faster than it can be saved ends the tries", async () => {
  const s = server({ revision: 9n, day: 100n }, (key) => key.revision++);
  expect(await saveLimits(s.clients, "k", base, 7n, changes)).toEqual({ conflict: "busy" });
  expect(s.asked).toHaveLength(8);
  expect(s.key.day).toBe(100n);
});

test("other failures are thrown", async () => {
  const transport = createRouterTransport(({ service }) => {
    service(LimitService, { updateLimits: () => { throw new ConnectError("no", Code.PermissionDenied); } });
  });
  const clients = { keys: createClient(ApiKeyService, transport), limits: createClient(LimitService, transport) };
  await expect(saveLimits(clients, "k", base, 7n, changes)).rejects.toThrow("no");
});
