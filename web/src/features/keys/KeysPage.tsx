// The list of keys: which may still spend what, at a glance.
import { useEffect, useMemo, useState } from "react";
import { useKeys } from "../../api/queries";
import { t } from "../../i18n/en";
import { useTitle } from "../../lib/title";
import { useAmountText } from "../../ui/Amount";
import { Freshness } from "../../ui/Freshness";
import { Problem } from "../../ui/Problem";
import { CreateKey } from "../create/CreateKey";
import { EmptyKeys } from "./EmptyKeys";
import { formatCount } from "../../lib/sats";
import { countGroups, selectKeys, type Filter, type Sort } from "./filter";
import { KeyRow } from "./KeyRow";
import { KeysBar } from "./KeysBar";

// Rows to draw at a time: a thousand at once would be felt.
const drawStep = 100;
// A poll reads all loaded pages again, so many pages are read less often.
export const pollMs = (pages: number) => (pages <= 1 ? 5_000 : 5_000 * Math.min(pages, 6));

export function KeysPage() {
  const query = useKeys(pollMs);
  useTitle(t.keys.title);
  const [search, setSearch] = useState("");
  const [filter, setFilter] = useState<Filter>("all");
  const [sort, setSort] = useState<Sort>("newest");
  const [drawn, setDrawn] = useState(drawStep);
  const [creating, setCreating] = useState(false);
  const amount = useAmountText();

  const pages = query.data?.pages;
  const keys = useMemo(() => pages?.flatMap((page) => page.apiKeys) ?? [], [pages]);
  const counts = useMemo(() => countGroups(keys), [keys]);
  const shown = useMemo(() => selectKeys(keys, search, filter, sort), [keys, search, filter, sort]);

  // The server has no search: what is not there yet cannot be found, so a
  // search, a filter and a sort read the rest.
  const { hasNextPage, isFetchingNextPage, fetchNextPage, isError } = query;
  const wantsAll = search !== "" || filter !== "all" || sort !== "newest";
  useEffect(() => {
    if (wantsAll && hasNextPage && !isFetchingNextPage && !isError) void fetchNextPage();
  }, [wantsAll, hasNextPage, isFetchingNextPage, isError, fetchNextPage]);

  const more = shown.length > drawn || (!wantsAll && hasNextPage);
  const showMore = () => {
    setDrawn(drawn + drawStep);
    if (shown.length <= drawn + drawStep && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  };
  const reset = () => {
    setSearch("");
    setFilter("all");
  };

  return (
    <main id="main" className="page">
      <header className="page-head">
        <h1>{t.keys.title}</h1>
        <Freshness
          mode="poll"
          at={query.dataUpdatedAt}
          everyMs={pollMs(pages?.length ?? 1)}
          failing={query.isError || query.failureCount > 1}
        />
        {keys.length > 0 && (
          <button type="button" className="primary push" onClick={() => setCreating(true)}>
            {t.keys.create}
          </button>
        )}
      </header>
      {query.isError && !query.data && <Problem error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <SkeletonRows />}
      {query.data && keys.length === 0 && <EmptyKeys onCreate={() => setCreating(true)} />}
      {keys.length > 0 && (
        <>
          <KeysBar {...{ search, setSearch, filter, setFilter, sort, setSort, counts, partial: hasNextPage }} />
          <ul className="rows" aria-label={t.keys.title}>
            <li className="row head" aria-hidden="true">
              <span>{t.keys.columns.name}</span>
              <span>{t.keys.columns.state}</span>
              <span>{t.keys.columns.limit}</span>
              <span className="end">{t.keys.columns.left}</span>
              <span>{t.keys.columns.scopes}</span>
              <span className="end">{t.keys.columns.used}</span>
            </li>
            {shown.slice(0, drawn).map((key) => (
              <KeyRow key={key.apiKeyId} apiKey={key} amount={amount} />
            ))}
          </ul>
          {shown.length === 0 && !isFetchingNextPage && (
            <p className="nothing">
              {t.keys.noMatch}{" "}
              <button type="button" className="link" onClick={reset}>
                {t.keys.clear}
              </button>
            </p>
          )}
          <footer className="list-foot">
            <span role="status">
              {wantsAll && isFetchingNextPage
                ? t.keys.searchingRest
                : t.keys.count(formatCount(Math.min(shown.length, drawn)), formatCount(keys.length, hasNextPage))}
            </span>
            {more && (
              <button type="button" disabled={isFetchingNextPage} onClick={showMore}>
                {t.loadMore}
              </button>
            )}
          </footer>
        </>
      )}
      {creating && <CreateKey onClose={() => setCreating(false)} />}
    </main>
  );
}

function SkeletonRows() {
  return (
    <div className="rows" aria-busy="true">
      <p className="hidden" role="status">
        {t.loading}
      </p>
      {[0, 1, 2, 3, 4].map((n) => (
        <div key={n} className="row skeleton" aria-hidden="true">
          <span className="bone wide" />
          <span className="bone" />
          <span className="bone wide" />
          <span className="bone" />
        </div>
      ))}
    </div>
  );
}
