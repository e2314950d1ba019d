// Amounts. They are bigint from the server to the screen: a number would lose
// the last digits of a large sum, and rounds where nobody looks.

// MAX_SATS is all the bitcoin there is.
export const MAX_SATS = 2_100_000_000_000_000n;
const SATS_PER_BTC = 100_000_000n;

export type Unit = "sats" | "btc";

export type ParseProblem = "empty" | "unreadable" | "fraction" | "tooSmall" | "tooLarge";
export type Parsed = { sats: bigint; problem?: undefined } | { sats?: undefined; problem: ParseProblem };

const SUFFIXES: Record<string, bigint> = { "": 1n, k: 1_000n, m: 1_000_000n, b: 1_000_000_000n, btc: SATS_PER_BTC };

// One number: digits, which blanks, underscores, commas or apostrophes may
// group, and then a dot with decimals.
const AMOUNT = /^([\d\s\u00a0\u202f_,'’]*)(?:\.(\d[\d_]*))?\s*(sats?|k|m|b|btc|₿)?$/iu;
const GROUPED = /^[1-9]\d{0,2}(?:([\s\u00a0\u202f_,'’])\d{3})(?:\1\d{3})*$/u;

// parseSats reads what people type: 100k, 1_000_000, 1 000 000, 1,000,000, 2.5m,
// 0.01 BTC. Without a suffix the number is in the unit that is shown.
export function parseSats(text: string, unit: Unit = "sats"): Parsed {
  const trimmed = text.trim();
  if (trimmed === "") return { problem: "empty" };
  if (/^-/.test(trimmed)) return { problem: "tooSmall" };
  const match = AMOUNT.exec(trimmed.replace(/^₿\s*(.*)$/u, "$1 btc"));
  if (!match) return { problem: "unreadable" };
  const whole = (match[1] ?? "").trim();
  const decimals = (match[2] ?? "").replaceAll("_", "");
  // 1,5 is one and a half to half of the world: only whole groups of three pass,
  // and none that begin with 0, for 0,001 BTC is not 1 BTC.
  if (whole !== "" && !/^\d+$/.test(whole) && !GROUPED.test(whole)) return { problem: "unreadable" };
  if (whole === "" && decimals === "") return { problem: "unreadable" };

  const factor = factorOf(match[3], unit);
  // 1,500 and 1.500 are a fraction to some and thousands to others: sats take the
  // comma and units the dot, as on the command line.
  if (factor === 1n ? decimals.length === 3 : whole.includes(",")) return { problem: "unreadable" };
  const digits = decimals.replace(/0+$/, "");
  const scale = 10n ** BigInt(digits.length);
  const scaled = BigInt(whole.replace(/\D/g, "") + digits || "0") * factor;
  if (scaled % scale !== 0n) return { problem: "fraction" };
  const sats = scaled / scale;
  if (sats < 1n) return { problem: "tooSmall" };
  if (sats > MAX_SATS) return { problem: "tooLarge" };
  return { sats };
}

function factorOf(suffix: string | undefined, unit: Unit): bigint {
  const name = (suffix ?? "").toLowerCase();
  if (name === "") return unit === "btc" ? SATS_PER_BTC : 1n;
  if (name.startsWith("sat")) return 1n;
  return SUFFIXES[name === "₿" ? "btc" : name] ?? 1n;
}

// formatSats writes the number without its unit: "41,200" or "0.00041200".
export function formatSats(sats: bigint, unit: Unit = "sats", locale?: string): string {
  if (unit === "sats") return new Intl.NumberFormat(locale).format(sats);
  const negative = sats < 0n;
  const abs = negative ? -sats : sats;
  const separator = new Intl.NumberFormat(locale).formatToParts(0.5).find((p) => p.type === "decimal")?.value ?? ".";
  const whole = new Intl.NumberFormat(locale).format(abs / SATS_PER_BTC);
  // Eight places always, so that the digits of a column stand under each other.
  const rest = (abs % SATS_PER_BTC).toString().padStart(8, "0");
  return `${negative ? "-" : ""}${whole}${separator}${rest}`;
}

// editSats writes an amount for an input: plain, so that it reads back exactly.
export function editSats(sats: bigint, unit: Unit): string {
  if (unit === "sats") return sats.toString().replace(/\B(?=(\d{3})+$)/g, ",");
  const rest = (sats % SATS_PER_BTC).toString().padStart(8, "0").replace(/0+$/, "");
  return rest === "" ? `${sats / SATS_PER_BTC}` : `${sats / SATS_PER_BTC}.${rest}`;
}

// shareOf is part / whole in per mille, rounded down, for bars and percentages.
export function shareOf(part: bigint, whole: bigint): number {
  if (whole <= 0n) return part > 0n ? 1000 : 0;
  return Number((part * 1000n) / whole);
}

// formatCount writes how many there are, with a plus where more may be.
export const formatCount = (n: number, more = false): string => `${new Intl.NumberFormat().format(n)}${more ? "+" : ""}`;
