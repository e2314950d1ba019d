import type { ApiKey } from "../../gen/satcap/v1/api_key_pb";
import { t } from "../../i18n/en";
import { formatMoment, formatSpan, formatWhen } from "../../lib/time";
import { verdictOf, type Verdict } from "../../lib/verdict";
import { useNow } from "../../lib/visible";
import { rowOf } from "../../lib/windows";
import { useAmountText } from "../../ui/Amount";

const words = t.key.verdict;

export function VerdictLine({ apiKey }: { apiKey: ApiKey }) {
  const amount = useAmountText();
  const now = useNow(5_000);
  const verdict = verdictOf(apiKey);
  const { tone, title, detail } = say(verdict, amount, now);
  return (
    <section className={`verdict ${tone}`}>
      <Icon tone={tone} />
      {/* Spoken when it changes: a key that is blocked while one looks at it is news. */}
      <p role="status">
        <strong>{title}</strong>
        {detail && <span> {detail}</span>}
      </p>
    </section>
  );
}

interface Said {
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
      if (!back) return { tone: "blocked", title: `${title}.`, detail: words.stuck };
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

function Icon({ tone }: { tone: Said["tone"] }) {
  const path =
    tone === "ok"
      ? "M5 10.5l3.5 3.5L15 7"
      : tone === "blocked" || tone === "ended"
        ? "M6 6l8 8M14 6l-8 8"
        : "M10 5v6.5M10 14.6v.4";
  return (
    <svg viewBox="0 0 20 20" aria-hidden="true">
      <circle cx="10" cy="10" r="9" />
      <path d={path} />
    </svg>
  );
}
