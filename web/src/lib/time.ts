import type { Timestamp } from "@bufbuild/protobuf/wkt";

/** Milliseconds since 1970 of a time on the wire, which is exact to the microsecond. */
export function msOf(t: Timestamp): number {
  return Number(t.seconds) * 1000 + Math.floor(t.nanos / 1_000_000);
}

export function dateOf(t: Timestamp): Date {
  return new Date(msOf(t));
}

export function timestampOf(date: Date): Pick<Timestamp, "seconds" | "nanos"> {
  const ms = date.getTime();
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: (ms - seconds * 1000) * 1_000_000 };
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** A distance in time in the largest unit that it fills. */
export function distance(fromMs: number, toMs: number): { value: number; unit: Intl.RelativeTimeFormatUnit } {
  const seconds = Math.round((toMs - fromMs) / 1000);
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return { value: Math.trunc(seconds / size), unit };
  }
  return { value: seconds, unit: "second" };
}

/** The value of an <input type="datetime-local"> for a date, in local time. */
export function localInput(date: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
}
