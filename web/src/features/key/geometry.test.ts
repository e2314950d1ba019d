import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { SpendBucketSchema } from "../../gen/satcap/v1/usage_service_pb";
import { geometry } from "./geometry";

const buckets = (...spent: bigint[]) => spent.map((spentSats) => create(SpendBucketSchema, { spentSats }));

it("puts bars, sums and limit on one scale", () => {
  const g = geometry(buckets(100n, 0n, 300n), 800n);
  expect(g.bars.map((b) => [b.height, b.total, b.totalHeight])).toEqual([
    [125, 100n, 125],
    [0, 100n, 125],
    [375, 400n, 500],
  ]);
  expect(g).toMatchObject({ total: 400n, top: 800n, limitHeight: 1000 });
});

it("shows spending over the limit over the line", () => {
  expect(geometry(buckets(1000n, 1000n), 500n)).toMatchObject({ top: 2000n, limitHeight: 250 });
});

it("is exact where doubles are not, and shows a single sat", () => {
  const g = geometry(buckets(2_099_999_999_999_999n, 1n), undefined);
  expect(g.total).toBe(2_100_000_000_000_000n);
  expect(g.bars[1]?.height).toBe(8);
  expect(geometry([], undefined)).toMatchObject({ total: 0n, limitHeight: undefined, top: 0n });
  expect(geometry(buckets(0n), undefined).bars[0]).toMatchObject({ height: 0, totalHeight: 0 });
});
