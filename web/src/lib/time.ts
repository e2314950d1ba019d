// Times, as words. The clock is a parameter, so that tests can hold it still.
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { t } from "../i18n/en";

export function dateOf(ts: Timestamp | undefined): Date | undefined {
  return ts && new Date(Number(ts.seconds) * 1000 + Math.floor(ts.nanos / 1e6));
}

// Counted from the calendar, not from midnights: a day may have 23 or 25 hours.
const dayNumber = (d: Date) => Date.UTC(d.getFullYear(), d.getMonth(), d.getDate()) / 86_400_000;

const clock: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

// formatMoment writes "14:05", "tomorrow 14:05", "26 Nov, 14:05" or "26 Nov 2027".
export function formatMoment(at: Date, now: Date = new Date(), locale?: string): string {
  const time = new Intl.DateTimeFormat(locale, clock).format(at);
  const days = dayNumber(at) - dayNumber(now);
  if (days === 0) return time;
  if (days === 1) return t.time.tomorrow(time);
  if (days === -1) return t.time.yesterday(time);
  const sameYear = at.getFullYear() === now.getFullYear();
  if (sameYear) return t.time.onDay(new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" }).format(at), time);
  return new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric" }).format(at);
}

// formatWhen is a moment within a sentence: "at 14:05", "tomorrow at 14:05", "on 26 Nov, 14:05".
export function formatWhen(at: Date, now: Date = new Date(), locale?: string): string {
  const days = dayNumber(at) - dayNumber(now);
  const time = new Intl.DateTimeFormat(locale, clock).format(at);
  if (days === 0) return t.time.at(time);
  return days === 1 ? t.time.tomorrowAt(time) : t.time.on(formatMoment(at, now, locale));
}

// formatFull writes the whole of a moment, with its zone, for tooltips.
export function formatFull(at: Date, locale?: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "long" }).format(at);
}

const units: [seconds: number, unit: "s" | "min" | "h" | "d"][] = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
  [1, "s"],
];

// formatSpan writes the largest unit that fits, rounded so that a wait is never
// shorter than it says: "in 3 h", "12 min ago", "now".
export function formatSpan(at: Date, now: Date = new Date()): string {
  const ahead = at.getTime() > now.getTime();
  const seconds = Math.abs(at.getTime() - now.getTime()) / 1000;
  for (const [size, unit] of units) {
    if (seconds < size * (unit === "d" ? 2 : 1)) continue;
    const n = ahead ? Math.ceil(seconds / size) : Math.floor(seconds / size);
    return ahead ? t.time.inSpan(n, unit) : t.time.ago(n, unit);
  }
  return ahead ? t.time.inSpan(1, "s") : t.time.now;
}
