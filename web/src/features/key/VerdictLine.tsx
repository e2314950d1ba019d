// The verdict on top of a key's page.
import type { ApiKey } from "../../gen/satcap/v1/api_key_pb";
import { verdictOf } from "../../lib/verdict";
import { useNow } from "../../lib/visible";
import { useAmountText } from "../../ui/Amount";
import { say, type Said } from "./say";

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
