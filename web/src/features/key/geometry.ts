// The chart's geometry. Heights are thousandths, so that a number never holds an amount.
import type { SpendBucket } from "../../gen/satcap/v1/usage_service_pb";
import { permille } from "../../lib/sats";

export type Bar = { bucket: SpendBucket; height: number; total: bigint; totalHeight: number };
export type Geometry = { bars: Bar[]; total: bigint; limitHeight: number | undefined; top: bigint };

/** Bars of each part, the sum up to each, and the limit of the whole: on one scale. */
export function geometry(buckets: readonly SpendBucket[], limit: bigint | undefined): Geometry {
  let total = 0n;
  const sums = buckets.map((bucket) => (total += bucket.spentSats));
  const top = limit !== undefined && limit > total ? limit : total;
  const height = (sats: bigint) => (top === 0n ? 0 : permille(sats, top));
  return {
    bars: buckets.map((bucket, i) => ({
      bucket,
      // What was spent is to be seen, however little.
      height: bucket.spentSats > 0n ? Math.max(8, height(bucket.spentSats)) : 0,
      total: sums[i] ?? 0n,
      totalHeight: height(sums[i] ?? 0n),
    })),
    total,
    limitHeight: limit === undefined ? undefined : height(limit),
    top,
  };
}
