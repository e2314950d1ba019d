import { useInfiniteQuery } from "@connectrpc/connect-query";
import { LimitService } from "../../gen/satcap/v1/limit_service_pb";
import { en } from "../../i18n/en";
import { rowOf } from "../../lib/windows";
import { Time } from "../../ui/clock";
import { Amount } from "../../ui/format";
import { Failed, Skeleton } from "../../ui/notice";
import { usePoll } from "../../ui/use-live";

export function LimitChanges({ id }: { id: string }) {
  const query = useInfiniteQuery(
    LimitService.method.listLimitChanges,
    { apiKeyId: id, pageSize: 50, pageToken: "" },
    {
      pageParamKey: "pageToken",
      getNextPageParam: (page) => page.nextPageToken || undefined,
      refetchInterval: usePoll(30_000),
    },
  );
  const changes = query.data?.pages.flatMap((page) => page.changes) ?? [];
  if (query.isPending) return <Skeleton rows={4} />;
  return (
    <section class="stack">
      {query.isError && <Failed error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && changes.length === 0 && <p class="muted">{en.history.noChanges}</p>}
      {changes.length > 0 && (
        <table class="records">
          <thead>
            <tr>
              <th scope="col">{en.history.time}</th>
              <th scope="col">{en.history.window}</th>
              <th scope="col" class="end">
                {en.history.before}
              </th>
              <th scope="col" class="end">
                {en.history.after}
              </th>
              <th scope="col">{en.history.who}</th>
            </tr>
          </thead>
          <tbody>
            {changes.map((change) => (
              <tr key={`${change.revision}-${change.window}`}>
                <td data-label={en.history.time}>{change.changeTime && <Time at={change.changeTime} style="both" />}</td>
                <td data-label={en.history.window}>{en.windows[rowOf(change.window).id].name}</td>
                <td data-label={en.history.before} class="end">
                  <Amount sats={change.oldLimitSats} />
                </td>
                <td data-label={en.history.after} class="end">
                  <Amount sats={change.newLimitSats} />
                </td>
                <td data-label={en.history.who}>
                  {change.subject} <span class="muted small">{change.authentication}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {query.hasNextPage && (
        <div>
          <button type="button" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {query.isFetchingNextPage ? en.loading : en.list.more}
          </button>
        </div>
      )}
    </section>
  );
}
