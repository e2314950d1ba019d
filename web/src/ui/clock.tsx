import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { useEffect, useRef, useState } from "react";
import { en } from "../i18n/en";
import { dateOf, distance } from "../lib/time";

const full = new Intl.DateTimeFormat(en.locale, { dateStyle: "medium", timeStyle: "medium" });
const dayTime = new Intl.DateTimeFormat(en.locale, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const yearDay = new Intl.DateTimeFormat(en.locale, { year: "numeric", month: "short", day: "numeric" });
const hour = new Intl.DateTimeFormat(en.locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const relative = new Intl.RelativeTimeFormat(en.locale, { numeric: "auto" });

const ticks = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** What a function makes of the time, renewed when it makes something else of it. */
export function useNow<T extends string | number | boolean>(read: (now: number) => T): T {
  const [, setSeen] = useState<T>(() => read(Date.now()));
  const current = useRef(read);
  current.current = read;
  useEffect(() => {
    const tick = () => setSeen(current.current(Date.now()));
    ticks.add(tick);
    // One timer for the whole page.
    timer ??= setInterval(() => document.hidden || ticks.forEach((run) => run()), 1000);
    return () => {
      ticks.delete(tick);
      if (ticks.size === 0) {
        clearInterval(timer);
        timer = undefined;
      }
    };
  }, []);
  return read(Date.now());
}

/** The clock's time today, the day too on other days, the year in other years. */
export function formatMoment(date: Date, now: Date): string {
  if (date.toDateString() === now.toDateString()) return hour.format(date);
  return date.getFullYear() === now.getFullYear() ? dayTime.format(date) : yearDay.format(date);
}

export function formatAgo(date: Date, now: number): string {
  const { value, unit } = distance(now, date.getTime());
  return relative.format(value, unit);
}

/** A time in words, with the exact one for a pointer and for machines. */
export function Time({ at, style = "ago" }: { at: Timestamp; style?: "ago" | "moment" | "both" }) {
  const date = dateOf(at);
  const text = useNow((now) => {
    const ago = formatAgo(date, now);
    const moment = formatMoment(date, new Date(now));
    return style === "ago" ? ago : style === "moment" ? moment : `${moment} (${ago})`;
  });
  return (
    <time dateTime={date.toISOString()} title={full.format(date)}>
      {text}
    </time>
  );
}
