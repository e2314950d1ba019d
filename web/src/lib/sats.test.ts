import { describe, expect, test } from "vitest";
import { editSats, formatSats, MAX_SATS, parseSats, shareOf } from "./sats";

describe("parseSats", () => {
  test.each([
    ["1", 1n],
    ["100k", 100_000n],
    ["100 K", 100_000n],
    ["2.5m", 2_500_000n],
    ["1_000_000", 1_000_000n],
    ["1,000,000", 1_000_000n],
    ["1 000 000", 1_000_000n],
    ["1\u202f000\u202f000", 1_000_000n],
    ["1’000’000 sats", 1_000_000n],
    ["1 sat", 1n],
    ["0.01 BTC", 1_000_000n],
    ["0.00000001btc", 1n],
    ["₿0.5", 50_000_000n],
    ["0.5 ₿", 50_000_000n],
    [".5k", 500n],
    ["1.50k", 1_500n],
    ["1.0", 1n],
    ["21000000 btc", MAX_SATS],
    ["2100000000000000", MAX_SATS],
    ["1999999999999999", 1_999_999_999_999_999n],
    [" 42 ", 42n],
  ])("reads %j", (text, sats) => expect(parseSats(text)).toEqual({ sats }));

  test.each([
    ["", "empty"],
    ["   ", "empty"],
    ["1.5", "fraction"],
    ["1.5 sats", "fraction"],
    ["0.0001k", "fraction"],
    ["0.000000001 btc", "fraction"],
    ["0", "tooSmall"],
    ["0.0 btc", "tooSmall"],
    ["-5", "tooSmall"],
    ["2100000000000001", "tooLarge"],
    ["99999999999999999999999", "tooLarge"],
    ["21000001 btc", "tooLarge"],
    ["abc", "unreadable"],
    ["1e5", "unreadable"],
    ["0x10", "unreadable"],
    ["k", "unreadable"],
    [".", "unreadable"],
    ["1,5", "unreadable"],
    ["1,00,000", "unreadable"],
    ["0,001 BTC", "unreadable"],
    ["0,100", "unreadable"],
    ["1,500 BTC", "unreadable"],
    ["1,500k", "unreadable"],
    ["00,100", "unreadable"],
    ["100.000", "unreadable"],
    ["1.000 sats", "unreadable"],
    ["1,000 000", "unreadable"],
    ["1.000.000", "unreadable"],
    ["5 eur", "unreadable"],
    ["1 2", "unreadable"],
  ])("refuses %j as %s", (text, problem) => expect(parseSats(text)).toEqual({ problem }));

  test("takes a bare number in the unit that is shown", () => {
    expect(parseSats("0.01", "btc")).toEqual({ sats: 1_000_000n });
    expect(parseSats("100 sats", "btc")).toEqual({ sats: 100n });
    expect(parseSats("100", "sats")).toEqual({ sats: 100n });
  });
});

describe("formatSats", () => {
  test("is exact where a number is not", () => {
    expect(formatSats(9_007_199_254_740_993n, "sats", "en")).toBe("9,007,199,254,740,993");
    expect(formatSats(MAX_SATS, "btc", "en")).toBe("21,000,000.00000000");
    expect(formatSats(1n, "btc", "en")).toBe("0.00000001");
    expect(formatSats(-1n, "btc", "en")).toBe("-0.00000001");
  });
  test("uses the decimal sign of the locale", () => expect(formatSats(50_000_000n, "btc", "de")).toBe("0,50000000"));
});

test.each([1n, 999n, 1_000n, 123_456_789n, MAX_SATS])("what an input shows of %s reads back the same", (sats) => {
  expect(parseSats(editSats(sats, "sats"), "sats")).toEqual({ sats });
  expect(parseSats(editSats(sats, "btc"), "btc")).toEqual({ sats });
});

test("shareOf rounds down, so that 100 % is never said too early", () => {
  expect(shareOf(MAX_SATS - 1n, MAX_SATS)).toBe(999);
  expect(shareOf(MAX_SATS, MAX_SATS)).toBe(1000);
  expect(shareOf(3n, 2n)).toBe(1500);
  expect(shareOf(0n, 0n)).toBe(0);
});
