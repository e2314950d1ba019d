import { POLL_MS } from "../api/queries";
import { en } from "../i18n/en";
import { formatMoment, useNow } from "./clock";

/** Says that what is on the page is old, and from when, once the server stops answering. */
export function Freshness({ updatedAt, failing, live }: { updatedAt: number; failing: boolean; live?: boolean }) {
  const stale = useNow((now) => updatedAt > 0 && (failing || now - updatedAt > (live ? 6 : 3) * POLL_MS + 5_000));
  if (!stale) return <span class="small muted">{live ? <span class="live">{en.live.live}</span> : en.live.polling}</span>;
  return (
    <span class="row small" role="status">
      <span class="badge watch">{en.live.stale}</span>
      <span>
        {en.live.staleHelp} {formatMoment(new Date(updatedAt), new Date())}
      </span>
    </span>
  );
}
