import { describe, expect, it } from "vitest";
import { btcText, editText, MAX_SATS, parseAmount, permille } from "./sats";

describe("parseAmount", () => {
  it.each([
    ["100000", 100_000n],
    ["100k", 100_000n],
    ["2.5m", 2_500_000n],
    ["1_000_000", 1_000_000n],
    ["1,000,000", 1_000_000n],
    ["1 000 000 sats", 1_000_000n],
    ["1\u202f000", 1_000n],
    ["0.01 BTC", 1_000_000n],
    ["₿", "format"],
    ["21000000 btc", MAX_SATS],
    ["2100000000000001", "tooLarge"],
    ["9007199254740993", "tooLarge"],
    ["9".repeat(60), "tooLarge"],
    ["2099999999999999", 2_099_999_999_999_999n],
    ["0.00000001 BTC", 1n],
    ["0.000000001 BTC", "fraction"],
    ["1.5", "fraction"],
    ["0", "zero"],
    ["", "empty"],
    ["-5", "format"],
    ["1e3", "format"],
    ["1,00", "format"],
    ["0x10", "format"],
    [".", "format"],
    ["constructor", "format"],
  ])("%s", (text, want) => {
    expect(parseAmount(text)).toEqual(typeof want === "bigint" ? { sats: want } : { problem: want });
  });

  it("reads a bare number in the unit on display", () => {
    expect(parseAmount("0.5", "btc")).toEqual({ sats: 50_000_000n });
    expect(parseAmount("500 sats", "btc")).toEqual({ sats: 500n });
    expect(parseAmount("10k", "btc")).toEqual({ sats: 10_000n });
  });

  it("reads back what it shows", () => {
    for (const sats of [1n, 10n, 123_456_789n, 100_000_000n, MAX_SATS]) {
      expect(parseAmount(editText(sats, "btc"), "btc")).toEqual({ sats });
      expect(parseAmount(editText(sats, "sats"), "sats")).toEqual({ sats });
    }
  });
});

it("writes BTC to the last sat", () => {
  expect(btcText(MAX_SATS)).toBe("21000000.00000000");
  expect(btcText(-1n)).toBe("-0.00000001");
});

it("rounds shares down", () => {
  expect(permille(999n, 1000n)).toBe(999);
  expect(permille(999_999n, 1_000_000n)).toBe(999);
  expect(permille(3n, 2n)).toBe(1500);
  expect(permille(MAX_SATS, 1n)).toBe(100_000);
});
