// Makes messages for tests.
import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { LimitWindow, WindowUsageSchema, type WindowUsage } from "../gen/satcap/v1/usage_pb";

export interface UsageInput {
  limit?: bigint;
  spent?: bigint;
  held?: bigint;
  release?: [at: Date, sats: bigint];
}

export function usage(window: LimitWindow, { limit, spent = 0n, held = 0n, release }: UsageInput = {}): WindowUsage {
  const left = limit === undefined ? undefined : limit - spent - held;
  return create(WindowUsageSchema, {
    window,
    limitSats: limit,
    spentSats: spent,
    heldSats: held,
    remainingSats: left !== undefined && left < 0n ? 0n : left,
    nextReleaseTime: release && timestampFromDate(release[0]),
    nextReleaseSats: release?.[1] ?? 0n,
  });
}

export function fourWindows(day: UsageInput = {}, week: UsageInput = {}, month: UsageInput = {}, year: UsageInput = {}): WindowUsage[] {
  return [
    usage(LimitWindow.DAILY, day),
    usage(LimitWindow.WEEKLY, week),
    usage(LimitWindow.MONTHLY, month),
    usage(LimitWindow.ANNUAL, year),
  ];
}
