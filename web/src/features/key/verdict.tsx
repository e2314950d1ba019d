import type { ReactNode } from "react";
import { type ApiKey, ApiKey_State } from "../../gen/satcap/v1/api_key_pb";
import { en } from "../../i18n/en";
import { fitsAfterRelease, rowOf, toneOf, usedOf, verdictOf } from "../../lib/windows";
import { Time } from "../../ui/clock";
import { formatShare, useFormat } from "../../ui/format";

/** The first thing to know about a key: may it spend, and if not, until when. */
export function VerdictLine({ apiKey }: { apiKey: ApiKey }) {
  const { amount } = useFormat();
  switch (apiKey.state) {
    case ApiKey_State.PAUSED:
      return <Line tone="watch">{en.verdict.paused}</Line>;
    case ApiKey_State.REVOKED:
      return <Line tone="blocked">{en.verdict.revoked}</Line>;
    case ApiKey_State.EXPIRED:
      return <Line tone="blocked">{en.verdict.expired}</Line>;
  }
  const verdict = verdictOf(apiKey.usage);
  if (verdict.kind === "unlimited") return <Line tone="watch">{en.verdict.unlimited}</Line>;
  const { usage } = verdict;
  const window = en.windows[rowOf(usage.window).id].name;
  if (verdict.kind === "within") {
    const share = en.percent(formatShare(usedOf(usage), usage.limitSats ?? 0n));
    return <Line tone={toneOf(usage) ?? "ok"}>{en.verdict.within(window, share)}</Line>;
  }
  const fits = fitsAfterRelease(usage);
  return (
    <Line tone="blocked" when={usage.nextReleaseTime && <Time at={usage.nextReleaseTime} style="both" />}>
      {en.verdict.blocked(window)}
      {usage.nextReleaseTime && ` ${fits > 0n ? en.verdict.fits(amount(fits)) : en.verdict.notYet(amount(usage.nextReleaseSats))}`}
    </Line>
  );
}

/** The words are announced when they change; a time that runs down is not. */
function Line({ tone, children, when }: { tone: string; children: ReactNode; when?: ReactNode }) {
  return (
    <p class={`verdict ${tone}`}>
      <span role="status">{children}</span>
      {when && <> {when}.</>}
    </p>
  );
}
