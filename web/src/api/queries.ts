import { createConnectQueryKey } from "@connectrpc/connect-query";
import { QueryClient } from "@tanstack/react-query";
import { ApiKeyService, type GetApiKeyResponse } from "../gen/satcap/v1/api_key_service_pb";
import type { ApiKey } from "../gen/satcap/v1/api_key_pb";
import { LimitService } from "../gen/satcap/v1/limit_service_pb";
import { UsageService, type WatchUsageResponse } from "../gen/satcap/v1/usage_service_pb";
import { failureOf } from "./errors";
import { transport } from "./transport";

export const POLL_MS = 10_000;
export const PAGE_SIZE = 100;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      refetchOnWindowFocus: true,
      refetchIntervalInBackground: false,
      networkMode: "always",
      staleTime: 2_000,
      retry: (count, error) => failureOf(error).offline && count < 2,
      retryDelay: (count) => 500 * 2 ** count,
    },
    mutations: { networkMode: "always", retry: false },
  },
});

const keyOf = (id: string) =>
  createConnectQueryKey({ schema: ApiKeyService.method.getApiKey, input: { apiKeyId: id }, transport, cardinality: "finite" });

/** Puts a key that a call returned where the pages read it, unless they know a newer one. */
export function storeKey(key: ApiKey): void {
  queryClient.setQueryData(keyOf(key.apiKeyId), (old: GetApiKeyResponse | undefined) => {
    const known = old?.apiKey?.revision ?? -1n;
    if (old && known > key.revision) return old;
    return { $typeName: "satcap.v1.GetApiKeyResponse", apiKey: key } as GetApiKeyResponse;
  });
}

/** Puts a message of a watch where the pages read the key. True: more than its usage may have changed. */
export function storeWatched(id: string, message: WatchUsageResponse): boolean {
  const known = (queryClient.getQueryData(keyOf(id)) as GetApiKeyResponse | undefined)?.apiKey;
  if (!known || message.revision < known.revision) return false;
  storeKey({ ...known, usage: message.usage, revision: message.revision, state: message.state });
  return message.revision > known.revision;
}

/** Reads a key again. */
export function refreshKey(id: string): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: keyOf(id) });
}

/** Reads again what belongs to a key: its chart and its pages. */
export async function refreshDetails(id: string): Promise<void> {
  const methods = [
    createConnectQueryKey({ schema: UsageService.method.getSpendSeries, transport, cardinality: "finite" }),
    createConnectQueryKey({ schema: UsageService.method.listSpends, transport, cardinality: "infinite" }),
    createConnectQueryKey({ schema: LimitService.method.listLimitChanges, transport, cardinality: "infinite" }),
  ].map((key) => key[1].methodName);
  await queryClient.invalidateQueries({
    predicate: (query) => {
      const have = query.queryKey[1] as { methodName?: string; input?: { apiKeyId?: string } } | undefined;
      return have?.input?.apiKeyId === id && methods.includes(have.methodName);
    },
  });
}

export function refreshList(): Promise<void> {
  return queryClient.invalidateQueries({
    queryKey: createConnectQueryKey({ schema: ApiKeyService.method.listApiKeys, transport, cardinality: "infinite" }),
  });
}
