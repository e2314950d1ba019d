// A verdict in words.
import { t } from "../../i18n/en";
import { formatMoment, formatSpan, formatWhen } from "../../lib/time";
import type { Verdict } from "../../lib/verdict";
import { rowOf } from "../../lib/windows";

const words = t.key.verdict;

export interface Said {
  tone: "ok" | "watch" | "near" | "blocked" | "warn" | "ended";
  title: string;
  detail?: string;
}

export function say(verdict: Verdict, amount: (sats: bigint) => string, now: Date): Said {
  const name = (u: { window: number }) => {
    const row = rowOf(u.window);
    return row ? t.windows.name[row.slug] : "";
  };
  switch (verdict.kind) {
    case "within":
      return {
        tone: verdict.level,
        title: words.within(name(verdict.closest), verdict.percent),
        detail: words.withinDetail(amount(verdict.most)),
      };
    case "blocked": {
      const title = words.blocked(verdict.by.map(name).join(words.and));
      const { back } = verdict;
      if (!back) return { tone: "blocked", title: `${title}:`, detail: words.stuck };
      const when = `${formatWhen(back.at, now)} (${formatSpan(back.at, now)})`;
      const detail = back.fits > 0n ? words.fits(amount(back.fits), when) : words.notYet(amount(back.frees), when);
      return { tone: "blocked", title: `${title}:`, detail: `${detail}.` };
    }
    case "unlimited":
      return { tone: "warn", title: words.unlimited, detail: words.unlimitedDetail };
    case "paused":
      return { tone: "warn", title: words.paused };
    default:
      return {
        tone: "ended",
        title: words[verdict.kind],
        detail: verdict.at && words.since(formatMoment(verdict.at, now)),
      };
  }
}
