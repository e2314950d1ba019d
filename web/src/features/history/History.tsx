// What a key spent, newest first, page by page.
import { useState } from "react";
import { useSpends } from "../../api/queries";
import { Spend_State, type Spend } from "../../gen/satcap/v1/spend_pb";
import { t } from "../../i18n/en";
import { dateOf } from "../../lib/time";
import { Amount, useAmountText } from "../../ui/Amount";
import { Problem } from "../../ui/Problem";
import { Time } from "../../ui/Time";
import { timesOf } from "./times";
import { More } from "./More";

const words = t.key.history;
const states = [Spend_State.RESERVED, Spend_State.SETTLED, Spend_State.RELEASED, Spend_State.EXPIRED, Spend_State.REVERSED];

export function History({ apiKeyId }: { apiKeyId: string }) {
  const [state, setState] = useState<Spend_State>();
  const query = useSpends(apiKeyId, state === undefined ? [] : [state]);
  const spends = query.data?.pages.flatMap((page) => page.spends) ?? [];
  return (
    <section className="panel">
      <header>
        <h2>{words.title}</h2>
        <fieldset className="chips">
          <legend className="hidden">{words.filter}</legend>
          {[undefined, ...states].map((choice) => (
            <label key={choice ?? 0} className="chip">
              <input type="radio" name="state" checked={state === choice} onChange={() => setState(choice)} />
              <span>{choice === undefined ? words.all : words.states[choice]}</span>
            </label>
          ))}
        </fieldset>
      </header>
      {query.isError && <Problem error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <div className="bone plot" aria-hidden="true" />}
      {query.data && spends.length === 0 && <p className="nothing">{state === undefined ? words.empty : words.emptyFiltered}</p>}
      {spends.length > 0 && (
        <table className="stack">
          <thead>
            <tr>
              <th scope="col" className="fit">
                {words.columns.time}
              </th>
              <th scope="col">{words.columns.state}</th>
              <th scope="col" className="end">
                {words.columns.amount}
              </th>
              <th scope="col">{words.columns.spend}</th>
              <th scope="col">{words.columns.transaction}</th>
            </tr>
          </thead>
          <tbody>
            {spends.map((spend) => (
              <SpendRow key={`${spend.spendId}/${spend.transactionId}`} spend={spend} />
            ))}
          </tbody>
        </table>
      )}
      <More query={query} />
    </section>
  );
}

function SpendRow({ spend }: { spend: Spend }) {
  const amount = useAmountText();
  const [last, ...before] = timesOf(spend);
  const expires = spend.state === Spend_State.RESERVED ? dateOf(spend.expireTime) : undefined;
  // What was held is worth a word only where it differs from what was paid.
  const held = spend.heldSats > 0n && spend.heldSats !== spend.amountSats;
  const flags = (["late", "overHold", "unreserved"] as const).filter((flag) => spend[flag]);
  return (
    <tr>
      <td className="fit" data-label={words.columns.time}>
        {last ? <Time at={last.at} /> : <span className="help">{words.unknownTime}</span>}
        {before.map(({ state, at }) => (
          <span key={state} className="help sub">
            {words.states[state]} <Time at={at} />
          </span>
        ))}
      </td>
      <td data-label={words.columns.state}>
        <span className={`badge spend-${spend.state}`}>{words.states[spend.state] ?? t.states[0]}</span>
        {expires && (
          <span className="help">
            {" "}
            {words.expires} <Time at={expires} span />
          </span>
        )}
        {flags.map((flag) => (
          <span key={flag} className="tag flag" title={words.flagHelp[flag]}>
            {words.flags[flag]}
          </span>
        ))}
      </td>
      <td className="end" data-label={words.columns.amount}>
        {spend.amountSats > 0n ? <Amount sats={spend.amountSats} /> : <span className="help">–</span>}
        {held && <span className="help sub">{words.heldAmount(amount(spend.heldSats))}</span>}
      </td>
      <td className="mono id" data-label={words.columns.spend}>
        {spend.spendId}
      </td>
      <td className="mono id" data-label={words.columns.transaction}>
        {spend.transactionId || <span className="help">–</span>}
      </td>
    </tr>
  );
}
