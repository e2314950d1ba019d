import { useInfiniteQuery } from "@connectrpc/connect-query";
import { useMemo, useState } from "react";
import { failureOf } from "../../api/errors";
import { PAGE_SIZE } from "../../api/queries";
import { ApiKeyService } from "../../gen/satcap/v1/api_key_service_pb";
import { en } from "../../i18n/en";
import { Failed, Skeleton } from "../../ui/notice";
import { Freshness } from "../../ui/stale";
import { usePoll } from "../../ui/use-live";
import { CreateDialog } from "../create/create-dialog";
import { EmptyList } from "./empty";
import { type Filter, filterKeys, SORTS, type Sort } from "./filter";
import { KeyRow } from "./key-row";

export function KeysPage() {
  const [creating, setCreating] = useState(false);
  const [filter, setFilter] = useState<Filter>({ text: "", sort: "newest", ended: false });
  const query = useInfiniteQuery(
    ApiKeyService.method.listApiKeys,
    { pageSize: PAGE_SIZE, pageToken: "" },
    {
      pageParamKey: "pageToken",
      getNextPageParam: (page) => page.nextPageToken || undefined,
      refetchInterval: usePoll(),
    },
  );
  const keys = useMemo(() => query.data?.pages.flatMap((page) => page.apiKeys) ?? [], [query.data]);
  const shown = useMemo(() => filterKeys(keys, filter), [keys, filter]);
  const set = (part: Partial<Filter>) => setFilter((old) => ({ ...old, ...part }));

  return (
    <>
      <div class="row spread">
        <h1>{en.keys}</h1>
        <div class="row">
          {query.data && <Freshness updatedAt={query.dataUpdatedAt} failing={query.isError || query.failureCount > 0} />}
          <button type="button" class="primary" onClick={() => setCreating(true)}>
            {en.list.create}
          </button>
        </div>
      </div>
      {query.isPending && <Skeleton rows={6} />}
      {query.isError && !(query.data && failureOf(query.error).offline) && <Failed error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && keys.length === 0 && <EmptyList onCreate={() => setCreating(true)} />}
      {keys.length > 0 && (
        <>
          <div class="row filters">
            <input
              type="search"
              aria-label={en.list.search}
              placeholder={en.list.search}
              value={filter.text}
              onInput={(event) => set({ text: event.currentTarget.value })}
            />
            <select aria-label={en.list.sort} value={filter.sort} onChange={(event) => set({ sort: event.currentTarget.value as Sort })}>
              {SORTS.map((sort) => (
                <option key={sort} value={sort}>
                  {en.list.sorts[sort]}
                </option>
              ))}
            </select>
            <label class="check">
              <input type="checkbox" checked={filter.ended} onChange={(event) => set({ ended: event.currentTarget.checked })} />
              {en.list.showEnded}
            </label>
            <span class="small muted" role="status">
              {en.list.count(shown.length, keys.length, query.hasNextPage)}
            </span>
          </div>
          {shown.length === 0 ? (
            <p>
              {en.list.none} {query.hasNextPage && en.list.noneYet}
            </p>
          ) : (
            <ul class="keys">
              {shown.map((key) => (
                <KeyRow key={key.apiKeyId} apiKey={key} />
              ))}
            </ul>
          )}
          {query.hasNextPage && (
            <button type="button" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
              {query.isFetchingNextPage ? en.loading : en.list.more}
            </button>
          )}
        </>
      )}
      {creating && <CreateDialog onClose={() => setCreating(false)} />}
    </>
  );
}
