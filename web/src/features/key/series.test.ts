import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { SpendBucketSchema } from "../../gen/satcap/v1/usage_service_pb";
import { seriesOf } from "./series";

const reply = (spent: bigint[], limitSats?: bigint) => ({
  buckets: spent.map((spentSats) => create(SpendBucketSchema, { spentSats })),
  limitSats,
});

test("each column is the sum up to then, exactly", () => {
  const big = 2_000_000_000_000_000n;
  const { columns, total } = seriesOf(reply([1n, 0n, big], big));
  expect(columns.map((c) => c.sum)).toEqual([1n, 1n, big + 1n]);
  expect(total).toBe(big + 1n);
});

test("the columns stand on each other, and the last one ends at the sum", () => {
  const { columns, line } = seriesOf(reply([25n, 50n, 25n], 100n));
  const [a, b, c] = columns;
  expect(b!.base).toBeCloseTo(a!.base + a!.part);
  expect(c!.base).toBeCloseTo(b!.base + b!.part);
  expect(c!.base + c!.part).toBeCloseTo(line!);
});

test("all of it fits, whichever is higher, sum or limit", () => {
  for (const limit of [50n, 100n, 400n]) {
    const { columns, line } = seriesOf(reply([60n, 40n], limit));
    expect(Math.max(line!, columns[1]!.base + columns[1]!.part)).toBeLessThanOrEqual(1000);
  }
});

test("a limit far above leaves the chart", () => {
  expect(seriesOf(reply([1n], 6n)).line).toBeDefined();
  expect(seriesOf(reply([1n], 7n))).toMatchObject({ line: undefined, limit: 7n });
});

test("nothing spent shows the limit alone, and nothing at all is no error", () => {
  expect(seriesOf(reply([0n, 0n], 5n)).line).toBeGreaterThan(0);
  expect(seriesOf(reply([0n]))).toMatchObject({ total: 0n, line: undefined, columns: [{ part: 0, base: 0 }] });
});
