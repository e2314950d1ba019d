import { useInfiniteQuery } from "@connectrpc/connect-query";
import { useState } from "react";
import { type Spend, Spend_State } from "../../gen/satcap/v1/spend_pb";
import { UsageService } from "../../gen/satcap/v1/usage_service_pb";
import { en } from "../../i18n/en";
import { Time } from "../../ui/clock";
import { Amount } from "../../ui/format";
import { Failed, Skeleton } from "../../ui/notice";
import { usePoll } from "../../ui/use-live";

const STATES = [Spend_State.RESERVED, Spend_State.SETTLED, Spend_State.RELEASED, Spend_State.EXPIRED, Spend_State.REVERSED];

export function Spends({ id }: { id: string }) {
  const [state, setState] = useState<Spend_State>();
  return (
    <section class="stack">
      <div class="row">
        <label for="spend-state">{en.history.state}</label>
        <select
          id="spend-state"
          value={state ?? ""}
          onChange={(event) => setState(event.currentTarget.value === "" ? undefined : Number(event.currentTarget.value))}
        >
          <option value="">{en.history.all}</option>
          {STATES.map((s) => (
            <option key={s} value={s}>
              {en.spendStates[s]}
            </option>
          ))}
        </select>
      </div>
      <Pages key={state ?? "all"} id={id} state={state} />
    </section>
  );
}

function Pages({ id, state }: { id: string; state: Spend_State | undefined }) {
  const query = useInfiniteQuery(
    UsageService.method.listSpends,
    { apiKeyId: id, states: state === undefined ? [] : [state], pageSize: 50, pageToken: "" },
    {
      pageParamKey: "pageToken",
      getNextPageParam: (page) => page.nextPageToken || undefined,
      refetchInterval: usePoll(),
    },
  );
  const spends = query.data?.pages.flatMap((page) => page.spends) ?? [];
  if (query.isPending) return <Skeleton rows={6} />;
  return (
    <>
      {query.isError && <Failed error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && spends.length === 0 && <p class="muted">{state === undefined ? en.history.empty : en.history.emptyFiltered}</p>}
      {spends.length > 0 && (
        <table class="records">
          <thead>
            <tr>
              <th scope="col">{en.history.time}</th>
              <th scope="col">{en.history.state}</th>
              <th scope="col" class="end">
                {en.history.amount}
              </th>
              <th scope="col" class="end">
                {en.history.held}
              </th>
              <th scope="col">{en.history.spend}</th>
            </tr>
          </thead>
          <tbody>
            {spends.map((spend) => (
              <SpendRow key={spend.spendId || spend.transactionId} spend={spend} />
            ))}
          </tbody>
        </table>
      )}
      {query.hasNextPage && (
        <div>
          <button type="button" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {query.isFetchingNextPage ? en.loading : en.list.more}
          </button>
        </div>
      )}
    </>
  );
}

function SpendRow({ spend }: { spend: Spend }) {
  const times = [
    [en.history.times.reserve, spend.reserveTime],
    [en.history.times.settle, spend.settleTime],
    [en.history.times.reverse, spend.reverseTime],
    // When a hold ends says something only while it may still end, or did.
    [
      en.history.times.expire,
      spend.state === Spend_State.RESERVED || spend.state === Spend_State.EXPIRED ? spend.expireTime : undefined,
    ],
  ] as const;
  const flags = [
    spend.late && en.history.late,
    spend.overHold && en.history.overHold,
    spend.unreserved && en.history.unreserved,
  ].filter(Boolean);
  return (
    <tr>
      <td data-label={en.history.time}>
        {times.map(
          ([name, at]) =>
            at && (
              <div key={name}>
                <span class="muted small">{name}</span> <Time at={at} style="moment" />
              </div>
            ),
        )}
      </td>
      <td data-label={en.history.state}>
        <span class={`badge ${tone(spend.state)}`}>{en.spendStates[spend.state] ?? en.unknown}</span>
        {flags.length > 0 && <div class="small warning-text">{flags.join(", ")}</div>}
      </td>
      <td data-label={en.history.amount} class="end">
        <Amount sats={spend.amountSats} />
      </td>
      <td data-label={en.history.held} class="end">
        {spend.heldSats > 0n ? <Amount sats={spend.heldSats} /> : "–"}
      </td>
      <td data-label={en.history.spend}>
        <code>{spend.spendId}</code>
        {spend.transactionId && (
          <div class="small muted">
            {en.history.transaction} <code>{spend.transactionId}</code>
          </div>
        )}
      </td>
    </tr>
  );
}

function tone(state: Spend_State): string {
  if (state === Spend_State.SETTLED) return "ok";
  return state === Spend_State.RESERVED ? "watch" : "muted";
}
