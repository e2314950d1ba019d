// Saves limits against the revision that the user saw.
import type { Client } from "@connectrpc/connect";
import { isReason } from "../../api/errors";
import type { ApiKey } from "../../gen/satcap/v1/api_key_pb";
import type { ApiKeyService } from "../../gen/satcap/v1/api_key_service_pb";
import type { LimitService } from "../../gen/satcap/v1/limit_service_pb";
import { changesBetween, limitsOf, updatesOf, type Change, type Limits } from "./model";

export interface SaveClients {
  keys: Pick<Client<typeof ApiKeyService>, "getApiKey">;
  limits: Pick<Client<typeof LimitService>, "updateLimits">;
}

export type Saved = { key: ApiKey; conflict: false } | { key: ApiKey; conflict: true } | { key?: undefined; conflict: "busy" };

// isDone says that limits are what the changes ask for.
export const isDone = (changes: Change[], now: Limits): boolean => changes.every(({ row, to }) => now[row.slug] === to);

const tries = 8;

// saveLimits changes limits if they are still what the user saw (base). A key's
// revision goes up with every payment too, which is no conflict: then the same
// request goes out again with the new revision. Only other limits are one.
export async function saveLimits(
  clients: SaveClients,
  apiKeyId: string,
  base: Limits,
  revision: bigint,
  changes: Change[],
): Promise<Saved> {
  let expectedRevision = revision;
  for (let n = 0; n < tries; n++) {
    try {
      const { apiKey } = await clients.limits.updateLimits({ apiKeyId, updates: updatesOf(changes), expectedRevision });
      if (!apiKey) throw new Error("the answer has no key");
      return { key: apiKey, conflict: false };
    } catch (error) {
      if (!isReason(error, "REVISION_MISMATCH")) throw error;
    }
    const { apiKey } = await clients.keys.getApiKey({ apiKeyId });
    if (!apiKey) throw new Error("the answer has no key");
    const now = limitsOf(apiKey.usage);
    // An earlier try did it, and its answer was lost.
    if (isDone(changes, now)) return { key: apiKey, conflict: false };
    if (changesBetween(base, now).length > 0) return { key: apiKey, conflict: true };
    expectedRevision = apiKey.revision;
  }
  return { conflict: "busy" };
}
