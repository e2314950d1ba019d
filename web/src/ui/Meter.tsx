// The one bar for "how much of a limit is used": spent, held, and what is free.
import { t } from "../i18n/en";
import type { WindowUsage } from "../gen/satcap/v1/usage_pb";
import { formatSats, shareOf } from "../lib/sats";
import { levelOf, usedOf } from "../lib/windows";

export function Meter({ usage, label }: { usage: WindowUsage; label: string }) {
  const limit = usage.limitSats;
  if (limit === undefined) return null;
  const used = usedOf(usage);
  const level = levelOf(usage);
  const spent = Math.min(shareOf(usage.spentSats, limit), 1000);
  const total = Math.min(shareOf(used, limit), 1000);
  return (
    <div
      className={`meter ${level}`}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={total / 10}
      aria-valuetext={t.meter.value(formatSats(used), formatSats(limit), Math.floor(shareOf(used, limit) / 10))}
    >
      {/* Attributes and not a style: widths that a content security policy lets through. */}
      <svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
        <rect className="held" width={visible(total, used)} height="10" />
        <rect className="spent" width={visible(spent, usage.spentSats)} height="10" />
      </svg>
    </div>
  );
}

// visible keeps the first sat from being invisible.
const visible = (share: number, sats: bigint) => (sats > 0n ? Math.max(share, 8) : 0);
