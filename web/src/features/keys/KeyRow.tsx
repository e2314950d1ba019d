// One key in the list: its closest limit, and what fits now.
import { memo } from "react";
import { ApiKey_State, type ApiKey } from "../../gen/satcap/v1/api_key_pb";
import { t } from "../../i18n/en";
import { keyHref } from "../../lib/route";
import { formatSats } from "../../lib/sats";
import { dateOf, formatWhen } from "../../lib/time";
import { verdictOf } from "../../lib/verdict";
import { bindingOf, levelOf, mostAllowed, rowOf, usedOf } from "../../lib/windows";
import { Meter } from "../../ui/Meter";
import { Scopes, StateBadge } from "../../ui/State";
import { Time } from "../../ui/Time";
import { useUnit } from "../../ui/unit";

interface Props {
  apiKey: ApiKey;
  amount: (sats: bigint) => string;
}

// Equal answers of the server are the same object, so most rows of a poll cost nothing.
export const KeyRow = memo(function KeyRow({ apiKey: key, amount }: Props) {
  const used = dateOf(key.lastUseTime);
  const most = mostAllowed(key.usage);
  const verdict = verdictOf(key);
  // A blocked key says what fits next, and when, rather than nothing.
  const again = verdict.kind === "blocked" && verdict.back && verdict.back.fits > 0n ? verdict.back : undefined;
  const spends = key.state === ApiKey_State.ACTIVE;
  return (
    <li className={`row${spends ? "" : " idle"}`}>
      <span className="cell-name">
        <a href={keyHref(key.apiKeyId)}>{key.name}</a>
        <span className="mono prefix">{key.secretPrefix}…</span>
      </span>
      <span className="cell-state">
        <StateBadge state={key.state} />
      </span>
      <span className="cell-limit">
        <Binding apiKey={key} />
      </span>
      <span className="cell-left end" data-label={t.keys.columns.left}>
        {!spends ? "–" : most === undefined ? t.keys.anyAmount : <span className="amount">{amount(most)}</span>}
        {again && <span className="again">{t.keys.again(amount(again.fits), formatWhen(again.at))}</span>}
      </span>
      <span className="cell-scopes">
        <Scopes scopes={key.scopes} />
      </span>
      <span className="cell-used end" data-label={t.keys.columns.used}>
        {used ? <Time at={used} span /> : t.keys.neverUsed}
      </span>
    </li>
  );
}, same);

function same(a: Props, b: Props): boolean {
  return a.apiKey === b.apiKey && a.amount(1n) === b.amount(1n);
}

function Binding({ apiKey }: { apiKey: ApiKey }) {
  const unit = useUnit();
  const binding = bindingOf(apiKey.usage);
  const row = binding && rowOf(binding.window);
  if (!binding || !row || binding.limitSats === undefined) return <span className="unbound">{t.keys.noLimit}</span>;
  const words = t.meter.words(
    formatSats(usedOf(binding), unit),
    formatSats(binding.limitSats, unit),
    t.unit[unit],
    t.windows.short[row.slug],
  );
  return (
    <>
      <Meter usage={binding} label={`${apiKey.name}, ${t.windows.last[row.slug]}`} />
      <span className={`words ${levelOf(binding)}`}>{words}</span>
    </>
  );
}
