// The verdict: may this key spend, and if not, what stops it and until when.
import { ApiKey_State, type ApiKey } from "../gen/satcap/v1/api_key_pb";
import type { WindowUsage } from "../gen/satcap/v1/usage_pb";
import { shareOf } from "./sats";
import { dateOf } from "./time";
import { bindingOf, levelOf, limited, mostAllowed, usedOf, type Level } from "./windows";

export type Verdict =
  | { kind: "revoked" | "expired"; at?: Date }
  | { kind: "paused" }
  | { kind: "unlimited" }
  | { kind: "blocked"; by: WindowUsage[]; back?: Back }
  | { kind: "within"; closest: WindowUsage; level: Level; percent: number; most: bigint };

// Back is when capacity returns. fits is what may be spent then; 0 where what
// leaves first does not yet bring the key under its limit.
export interface Back {
  at: Date;
  fits: bigint;
  frees: bigint;
}

type Subject = Pick<ApiKey, "state" | "usage" | "expireTime" | "revokeTime">;

export function verdictOf(key: Subject): Verdict {
  if (key.state === ApiKey_State.REVOKED) return { kind: "revoked", at: dateOf(key.revokeTime) };
  if (key.state === ApiKey_State.EXPIRED) return { kind: "expired", at: dateOf(key.expireTime) };
  if (key.state === ApiKey_State.PAUSED) return { kind: "paused" };
  const closest = bindingOf(key.usage);
  if (!closest) return { kind: "unlimited" };
  const by = limited(key.usage).filter((u) => levelOf(u) === "blocked");
  if (by.length > 0) return { kind: "blocked", by, back: backOf(by, key.usage) };
  return {
    kind: "within",
    closest,
    level: levelOf(closest),
    percent: Math.floor(shareOf(usedOf(closest), closest.limitSats ?? 0n) / 10),
    most: mostAllowed(key.usage) ?? 0n,
  };
}

function backOf(by: WindowUsage[], usage: readonly WindowUsage[]): Back | undefined {
  let at: Date | undefined;
  let fits: bigint | undefined;
  let frees = 0n;
  for (const u of by) {
    const release = dateOf(u.nextReleaseTime);
    if (!release) return undefined;
    if (!at || release > at) {
      at = release;
      frees = u.nextReleaseSats;
    }
    const after = (u.limitSats ?? 0n) - usedOf(u) + u.nextReleaseSats;
    if (fits === undefined || after < fits) fits = after;
  }
  if (!at || fits === undefined) return undefined;
  // A window that refuses nothing now may still allow less than that.
  for (const u of limited(usage)) {
    const left = u.remainingSats ?? 0n;
    if (!by.includes(u) && left < fits) fits = left;
  }
  return { at, fits: fits > 0n ? fits : 0n, frees };
}
