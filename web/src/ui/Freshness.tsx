// Says how current the page is: live, polled, or stale because no answer comes.
import type { LiveMode } from "../api/live";
import { t } from "../i18n/en";
import { formatMoment, formatSpan } from "../lib/time";
import { useNow } from "../lib/visible";

// So many answers in a row may be missed before the page is called stale.
const mayMiss = 3;

interface Props {
  mode: LiveMode;
  // When the server last answered.
  at: number;
  everyMs: number;
  failing: boolean;
}

export function Freshness({ mode, at, everyMs, failing }: Props) {
  const now = useNow(1_000);
  if (at === 0) return null;
  const last = new Date(at);
  const stale = failing || now.getTime() - at > mayMiss * everyMs + 2_000;
  const text = stale ? t.live.stale(formatSpan(last, now)) : mode === "stream" ? t.live.stream : t.live.poll;
  // Only the change to and from stale is spoken, not every second of it.
  return (
    <span className={`fresh ${stale ? "stale" : mode}`} title={t.live.title(formatMoment(last, now))}>
      <span className="dot" aria-hidden="true" />
      <span aria-hidden={stale}>{text}</span>
      <span className="hidden" role="status">
        {stale ? t.live.noAnswer : ""}
      </span>
    </span>
  );
}
