// What the page reads. What it changes is in the features, by the clients of
// transport.ts: a secret must not lie in a cache.
import { create } from "@bufbuild/protobuf";
import { createConnectQueryKey, useInfiniteQuery, useQuery } from "@connectrpc/connect-query";
import { QueryCache, QueryClient } from "@tanstack/react-query";
import {
  ApiKeyService,
  GetApiKeyResponseSchema,
  type GetApiKeyResponse,
  type ListApiKeysResponse,
} from "../gen/satcap/v1/api_key_service_pb";
import type { ApiKey } from "../gen/satcap/v1/api_key_pb";
import { LimitService } from "../gen/satcap/v1/limit_service_pb";
import type { Spend_State } from "../gen/satcap/v1/spend_pb";
import type { LimitWindow } from "../gen/satcap/v1/usage_pb";
import { UsageService, type WatchUsageResponse } from "../gen/satcap/v1/usage_service_pb";
import { isSignedOut, explain } from "./errors";
import { transport } from "./transport";

export const keysPageSize = 200;
export const historyPageSize = 50;

export function createQueries(signedOut: () => void): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({ onError: (error) => isSignedOut(error) && signedOut() }),
    defaultOptions: {
      queries: {
        // Polls come again by themselves; a first load is worth a second try.
        retry: (count, error) => count < 2 && explain(error).retryable,
        retryDelay: (count) => 500 * 2 ** count,
        staleTime: 2_000,
        // A browser without a network still reaches a server on its own machine.
        networkMode: "always",
      },
    },
  });
}

export const useKeys = (pollMs: (loaded: number) => number) =>
  useInfiniteQuery(
    ApiKeyService.method.listApiKeys,
    { pageSize: keysPageSize, pageToken: "" },
    {
      transport,
      pageParamKey: "pageToken",
      getNextPageParam: (last: ListApiKeysResponse) => last.nextPageToken || undefined,
      refetchInterval: (query) => pollMs(query.state.data?.pages.length ?? 1),
    },
  );

export const useKey = (apiKeyId: string, pollMs: number) =>
  useQuery(ApiKeyService.method.getApiKey, { apiKeyId }, { transport, refetchInterval: pollMs });

export const useSeries = (apiKeyId: string, window: LimitWindow) =>
  useQuery(
    UsageService.method.getSpendSeries,
    { apiKeyId, window },
    { transport, refetchInterval: 60_000 },
  );

export const useSpends = (apiKeyId: string, states: Spend_State[]) =>
  useInfiniteQuery(
    UsageService.method.listSpends,
    { apiKeyId, states, pageSize: historyPageSize, pageToken: "" },
    { transport, pageParamKey: "pageToken", getNextPageParam: (last) => last.nextPageToken || undefined },
  );

export const useChanges = (apiKeyId: string) =>
  useInfiniteQuery(
    LimitService.method.listLimitChanges,
    { apiKeyId, pageSize: historyPageSize, pageToken: "" },
    { transport, pageParamKey: "pageToken", getNextPageParam: (last) => last.nextPageToken || undefined },
  );

const keyQuery = (apiKeyId: string) =>
  createConnectQueryKey({ schema: ApiKeyService.method.getApiKey, input: { apiKeyId }, transport, cardinality: "finite" });

// storeKey puts what a change answered into the cache, so that the page shows
// it at once, and has everything around the key read again.
export function storeKey(queries: QueryClient, key: ApiKey): void {
  queries.setQueryData(keyQuery(key.apiKeyId), create(GetApiKeyResponseSchema, { apiKey: key }));
  // Replies of changes leave out when capacity comes back: read that too.
  void queries.invalidateQueries({ queryKey: keyQuery(key.apiKeyId) });
  invalidateKeys(queries);
}

// storeUsage puts a message of the stream into the cached key, unless what is
// there is newer.
export function storeUsage(queries: QueryClient, apiKeyId: string, message: WatchUsageResponse): void {
  queries.setQueryData(keyQuery(apiKeyId), (old: GetApiKeyResponse | undefined) => {
    if (!old?.apiKey || message.revision < old.apiKey.revision) return old;
    const { usage, revision, state } = message;
    return create(GetApiKeyResponseSchema, { apiKey: { ...old.apiKey, usage, revision, state } });
  });
}

// invalidateAround has what belongs to a key read again: itself, as the stream says
// nothing of its name, its secret and its last use; its history, series and
// changes, and the list.
export function invalidateAround(queries: QueryClient, apiKeyId: string): void {
  const input = { apiKeyId };
  const around = [
    keyQuery(apiKeyId),
    createConnectQueryKey({ schema: UsageService.method.getSpendSeries, input, transport, cardinality: "finite" }),
    createConnectQueryKey({ schema: UsageService.method.listSpends, input, transport, cardinality: "infinite" }),
    createConnectQueryKey({ schema: LimitService.method.listLimitChanges, input, transport, cardinality: "infinite" }),
    keysQuery,
  ];
  // Where nobody looks it is only marked, and read when the page is seen again.
  const refetchType = document.visibilityState === "hidden" ? "none" : "active";
  for (const queryKey of around) void queries.invalidateQueries({ queryKey, refetchType });
}

const keysQuery = createConnectQueryKey({ schema: ApiKeyService.method.listApiKeys, transport, cardinality: "infinite" });

export const invalidateKeys = (queries: QueryClient): void => void queries.invalidateQueries({ queryKey: keysQuery });
