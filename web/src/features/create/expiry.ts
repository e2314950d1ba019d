import { localInput } from "../../lib/time";

export const EXPIRIES = ["30", "90", "365", "custom", "never"] as const;
export type Expiry = (typeof EXPIRIES)[number];

/** When the key expires; undefined: never; "problem": no time, or one that has passed. */
export function expireTime(expiry: Expiry, custom: string, now: number): Date | undefined | "problem" {
  if (expiry === "never") return undefined;
  if (expiry !== "custom") return new Date(now + Number(expiry) * 86_400_000);
  const date = new Date(custom);
  return Number.isNaN(date.getTime()) || date.getTime() <= now ? "problem" : date;
}

export function firstCustom(now: number): string {
  return localInput(new Date(now + 7 * 86_400_000));
}
