// When a payment came to its states. Pure, for it is tested.
import { Spend_State, type Spend } from "../../gen/satcap/v1/spend_pb";
import { dateOf } from "../../lib/time";

export interface Moment {
  state: Spend_State;
  at: Date;
}

// Two moments this close are one for whoever reads a history.
const soonMs = 60_000;

// timesOf lists the moments, the last one first. One that came soon before the next
// is left out.
export function timesOf(spend: Spend): Moment[] {
  const expired = spend.state === Spend_State.EXPIRED ? spend.expireTime : undefined;
  const times = [
    [Spend_State.REVERSED, spend.reverseTime],
    [Spend_State.SETTLED, spend.settleTime],
    [Spend_State.EXPIRED, expired],
    [Spend_State.RELEASED, spend.releaseTime],
    [Spend_State.RESERVED, spend.reserveTime],
  ] as const;
  const moments: Moment[] = [];
  for (const [state, time] of times) {
    const at = dateOf(time);
    const next = moments.at(-1);
    if (at && (!next || next.at.getTime() - at.getTime() >= soonMs)) moments.push({ state, at });
  }
  return moments;
}
