// The four windows of a key, a card each.
import type { ApiKey } from "../../gen/satcap/v1/api_key_pb";
import type { WindowUsage } from "../../gen/satcap/v1/usage_pb";
import { t } from "../../i18n/en";
import { shareOf } from "../../lib/sats";
import { dateOf } from "../../lib/time";
import { bindingOf, levelOf, usedOf, WINDOWS, type WindowRow } from "../../lib/windows";
import { Amount, useAmountText } from "../../ui/Amount";
import { Meter } from "../../ui/Meter";
import { Time } from "../../ui/Time";

const words = t.key.card;

export function WindowCards({ apiKey, onSetLimit }: { apiKey: ApiKey; onSetLimit: () => void }) {
  const binding = bindingOf(apiKey.usage);
  return (
    <div className="cards">
      {WINDOWS.map((row) => {
        const usage = apiKey.usage.find((u) => u.window === row.window);
        // A window that the server did not send is unknown, and not zero.
        if (!usage) {
          return (
            <section key={row.slug} className="card">
              <h2>{t.windows.last[row.slug]}</h2>
              <p className="help">{t.errors.partial}</p>
            </section>
          );
        }
        return <Card key={row.slug} row={row} usage={usage} closest={usage === binding} onSetLimit={onSetLimit} />;
      })}
    </div>
  );
}

interface CardProps {
  row: WindowRow;
  usage: WindowUsage;
  closest: boolean;
  onSetLimit: () => void;
}

function Card({ row, usage, closest, onSetLimit }: CardProps) {
  const amount = useAmountText();
  const release = dateOf(usage.nextReleaseTime);
  const limit = usage.limitSats;
  const title = t.windows.last[row.slug];
  return (
    <section className={`card ${limit === undefined ? "free" : levelOf(usage)}${closest ? " closest" : ""}`}>
      <header>
        <h2>{title}</h2>
        {limit !== undefined && (
          <span className="percent" title={t.level[levelOf(usage)]}>
            {Math.floor(shareOf(usedOf(usage), limit) / 10)} %
          </span>
        )}
      </header>
      <p className="big">
        {limit === undefined ? (
          <>
            <Amount sats={usedOf(usage)} />
            <span className="help">{words.used}</span>
          </>
        ) : (
          <>
            <Amount sats={usage.remainingSats ?? 0n} />
            <span className="help">{t.meter.left}</span>
          </>
        )}
      </p>
      {limit === undefined ? <div className="meter none" /> : <Meter usage={usage} label={title} />}
      <dl>
        <dt className="swatch spent">{words.spent}</dt>
        <dd>
          <Amount sats={usage.spentSats} bare />
        </dd>
        <dt className="swatch held" title={words.heldHelp}>{words.held}</dt>
        <dd>
          <Amount sats={usage.heldSats} bare />
        </dd>
        <dt>{words.limit}</dt>
        <dd>
          {limit === undefined ? (
            <button type="button" className="link" onClick={onSetLimit}>
              {words.setLimit}
            </button>
          ) : (
            <Amount sats={limit} bare />
          )}
        </dd>
      </dl>
      <p className="release">
        {release ? (
          <>
            {words.releases(amount(usage.nextReleaseSats))} <Time at={release} span />, <Time at={release} />
          </>
        ) : (
          words.noRelease
        )}
      </p>
    </section>
  );
}
