// The button for the next page of a list.
import { t } from "../../i18n/en";

interface Pages {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
}

export function More({ query }: { query: Pages }) {
  if (!query.hasNextPage) return null;
  return (
    <footer className="list-foot">
      <button type="button" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
        {t.loadMore}
      </button>
    </footer>
  );
}
