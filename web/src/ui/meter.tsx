import { en } from "../i18n/en";
import type { WindowUsage } from "../gen/satcap/v1/usage_pb";
import { permille } from "../lib/sats";
import { rowOf, toneOf, usedOf } from "../lib/windows";
import { formatShare, useFormat } from "./format";

/** How much of a window's limit is spent and held, as a bar that also reads as text. */
export function Meter({ usage }: { usage: WindowUsage }) {
  const { amount } = useFormat();
  const limit = usage.limitSats;
  if (limit === undefined) return null;
  const name = en.windows[rowOf(usage.window).id].card;
  const spent = Math.min(1000, permille(usage.spentSats, limit));
  const used = Math.min(1000, permille(usedOf(usage), limit));
  const text = en.meter(amount(usedOf(usage)), amount(limit), formatShare(usedOf(usage), limit));
  return (
    <div
      class={`meter ${toneOf(usage)}`}
      role="meter"
      aria-label={name}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={used / 10}
      aria-valuetext={text}
      title={text}
    >
      <svg viewBox="0 0 1000 8" preserveAspectRatio="none" aria-hidden="true">
        <rect class="held" width={used} height="8" />
        <rect class="spent" width={spent} height="8" />
      </svg>
    </div>
  );
}
