import type { WindowUsage } from "../../gen/satcap/v1/usage_pb";
import { en } from "../../i18n/en";
import { rowOf, toneOf, usedOf } from "../../lib/windows";
import { Time } from "../../ui/clock";
import { Amount, formatShare, useFormat } from "../../ui/format";
import { Meter } from "../../ui/meter";

export function WindowCard({ usage, onEdit }: { usage: WindowUsage; onEdit?: () => void }) {
  const { amount } = useFormat();
  const tone = toneOf(usage);
  const limited = usage.limitSats !== undefined;
  return (
    <section class="card">
      <div class="row spread">
        <h3 title={en.rolling}>{en.windows[rowOf(usage.window).id].card}</h3>
        {tone && tone !== "ok" && <span class={`tone small ${tone}`}>{en.tones[tone]}</span>}
      </div>
      {limited ? (
        <div class="row spread headline">
          <strong class="num">{amount(usage.remainingSats ?? 0n)}</strong>
          <span class="small muted">{formatShare(usedOf(usage), usage.limitSats ?? 0n)}</span>
        </div>
      ) : (
        <div class="row spread headline">
          <strong>{en.card.unlimited}</strong>
          {onEdit && (
            <button type="button" class="quiet small" onClick={onEdit}>
              {en.card.setLimit}
            </button>
          )}
        </div>
      )}
      <p class="small muted under">{limited ? en.card.remaining.toLowerCase() : "\u00a0"}</p>
      <Meter usage={usage} />
      {!limited && <div class="no-meter" />}
      <dl class="figures small">
        <div>
          <dt>{en.card.spent}</dt>
          <dd>
            <Amount sats={usage.spentSats} />
          </dd>
        </div>
        <div>
          <dt title={en.card.heldHelp}>{en.card.held}</dt>
          <dd>
            <Amount sats={usage.heldSats} />
          </dd>
        </div>
        <div>
          <dt>{en.card.limit}</dt>
          <dd>
            <Amount sats={usage.limitSats} />
          </dd>
        </div>
      </dl>
      <p class="small muted back">
        {usage.nextReleaseTime ? (
          <>
            {limited ? en.card.back(amount(usage.nextReleaseSats)) : en.card.leaves(amount(usage.nextReleaseSats))}{" "}
            <Time at={usage.nextReleaseTime} style="both" />
          </>
        ) : (
          en.card.nothing
        )}
      </p>
    </section>
  );
}
