import { createContext } from "react";
import type { ReactNode } from "react";
import { useContext, useMemo, useState } from "react";
import { en } from "../i18n/en";
import { btcText, permille, type Unit } from "../lib/sats";

const STORED = "satcap.unit";

const whole = new Intl.NumberFormat(en.locale);
const places = new Intl.NumberFormat(en.locale, { minimumFractionDigits: 8 });
const percent = new Intl.NumberFormat(en.locale, { style: "percent", maximumFractionDigits: 0 });

/** Intl takes decimal text without going through a double; its types say so only lately. */
const exact = (format: Intl.NumberFormat, text: string) => format.format(text as unknown as number);

export function formatAmount(sats: bigint, unit: Unit): string {
  return unit === "btc" ? en.btc(exact(places, btcText(sats))) : en.sats(whole.format(sats));
}

/** A share in whole percent, rounded down: 100 % means all of it. */
export function formatShare(part: bigint, of: bigint): string {
  return percent.format(Math.floor(permille(part, of) / 10) / 100);
}

type Format = { unit: Unit; setUnit: (unit: Unit) => void; amount: (sats: bigint) => string };
const Context = createContext<Format | undefined>(undefined);

export function FormatProvider({ children }: { children: ReactNode }) {
  const [unit, setUnit] = useState<Unit>(() => (read() === "btc" ? "btc" : "sats"));
  const value = useMemo<Format>(
    () => ({
      unit,
      setUnit: (next) => {
        setUnit(next);
        write(next);
      },
      amount: (sats) => formatAmount(sats, unit),
    }),
    [unit],
  );
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

export function useFormat(): Format {
  const value = useContext(Context);
  if (!value) throw new Error("no FormatProvider");
  return value;
}

export function Amount({ sats }: { sats: bigint | undefined }) {
  const { amount } = useFormat();
  return <span class="num">{sats === undefined ? en.card.unlimited : amount(sats)}</span>;
}

// An embedded page may not have storage at all.
function read(): string | null {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

function write(unit: Unit): void {
  try {
    localStorage.setItem(STORED, unit);
  } catch {
    // The switch works until the page closes.
  }
}
