// Amounts are bigint from the wire to the screen: no number ever holds one.

/** The most that an amount or a limit may be: all the bitcoin there will be. */
export const MAX_SATS = 2_100_000_000_000_000n;
const SATS_PER_BTC = 100_000_000n;

export type Unit = "sats" | "btc";
export type AmountProblem = "empty" | "format" | "fraction" | "zero" | "tooLarge";
export type ParsedAmount = { sats: bigint } | { problem: AmountProblem };

const FACTORS: Record<string, bigint> = { k: 1_000n, m: 1_000_000n };

/** Reads "100k", "1_000_000", "1,000,000", "0.01 BTC", "2.5m sats". */
export function parseAmount(text: string, unit: Unit = "sats"): ParsedAmount {
  const input = text.trim().toLowerCase();
  if (input === "") return { problem: "empty" };
  const found = /^(.*?)\s*([km]?)\s*(sats?|btc|₿)?$/u.exec(input);
  const digits = (found?.[1] ?? "").replace(/(?<=\d)[\s_,'](?=\d{3}(?!\d))|(?<=\d)_(?=\d)/gu, "");
  const number = /^(\d*)(?:\.(\d*))?$/.exec(digits);
  const whole = number?.[1] ?? "";
  const fraction = number?.[2] ?? "";
  if (!number || whole + fraction === "") return { problem: "format" };
  const suffix = found?.[2] ?? "";
  const named = found?.[3];
  const isBtc = named === "btc" || named === "₿" || (named === undefined && suffix === "" && unit === "btc");
  const factor = (FACTORS[suffix] ?? 1n) * (isBtc ? SATS_PER_BTC : 1n);
  if (whole.length + fraction.length > 40) return { problem: "tooLarge" };
  const scale = 10n ** BigInt(fraction.length);
  const scaled = BigInt(whole + fraction) * factor;
  if (scaled % scale !== 0n) return { problem: "fraction" };
  const sats = scaled / scale;
  if (sats === 0n) return { problem: "zero" };
  if (sats > MAX_SATS) return { problem: "tooLarge" };
  return { sats };
}

/** An amount in BTC, all eight places, as text that Intl can group exactly. */
export function btcText(sats: bigint): `${number}` {
  const sign = sats < 0n ? "-" : "";
  const abs = sats < 0n ? -sats : sats;
  return `${sign}${abs / SATS_PER_BTC}.${String(abs % SATS_PER_BTC).padStart(8, "0")}` as `${number}`;
}

/** The share of a whole in thousandths, rounded down; over 1,000 when over. */
export function permille(part: bigint, whole: bigint): number {
  if (whole <= 0n) return part > 0n ? 1000 : 0;
  const share = (part * 1000n) / whole;
  return share > 100_000n ? 100_000 : Number(share);
}

/** What an edited field shows for an amount: plain digits that parse back. */
export function editText(sats: bigint, unit: Unit): string {
  return unit === "btc" ? btcText(sats).replace(/\.?0+$/, "") : String(sats);
}
