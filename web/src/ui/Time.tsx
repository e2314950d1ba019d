// A moment on the screen, in full when pointed at.
import { formatFull, formatMoment, formatSpan } from "../lib/time";
import { useNow } from "../lib/visible";

// Time is a moment, or with `span` how far away it is. The tooltip has all of it.
export function Time({ at, span }: { at: Date; span?: boolean }) {
  const now = useNow();
  return (
    <time dateTime={at.toISOString()} title={formatFull(at)}>
      {span ? formatSpan(at, now) : formatMoment(at, now)}
    </time>
  );
}
