import { call } from "../../api/call";
import { hasReason } from "../../api/errors";
import { storeKey } from "../../api/queries";
import type { ApiKey } from "../../gen/satcap/v1/api_key_pb";
import { ApiKeyService } from "../../gen/satcap/v1/api_key_service_pb";
import { LimitService } from "../../gen/satcap/v1/limit_service_pb";
import { type Change, changesOf, limitsOf } from "./draft";

const ATTEMPTS = 5;

/**
 * Saves changes that were made on the limits of base. A key's revision also goes up with
 * every spend, so a mismatch alone is no conflict: it is one when the limits are others now.
 */
export async function saveLimits(base: ApiKey, now: ApiKey, changes: readonly Change[]): Promise<ApiKey | undefined> {
  let current = now;
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await call(LimitService.method.updateLimits, {
        apiKeyId: base.apiKeyId,
        expectedRevision: current.revision,
        updates: changes.map(({ row, to }) => ({
          window: row.window,
          limit: to === undefined ? { case: "unlimited" as const, value: true } : { case: "limitSats" as const, value: to },
        })),
      });
      return response.apiKey;
    } catch (error) {
      if (attempt === ATTEMPTS || !hasReason(error, "REVISION_MISMATCH")) throw error;
      const { apiKey } = await call(ApiKeyService.method.getApiKey, { apiKeyId: base.apiKeyId });
      if (!apiKey) throw error;
      storeKey(apiKey);
      if (changesOf(limitsOf(base.usage), limitsOf(apiKey.usage)).length > 0) throw error;
      current = apiKey;
    }
  }
}
