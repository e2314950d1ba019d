// What the chart draws. Pure, for it is tested. Geometry is the one place where
// sats become numbers: all there are fit into one exactly.
import type { GetSpendSeriesResponse } from "../../gen/satcap/v1/usage_service_pb";
import { dateOf } from "../../lib/time";

export interface Column {
  from: Date;
  to: Date;
  spent: bigint;
  // The sum of this part and all before it: what a limit is held against.
  sum: bigint;
  // Heights in thousandths of the chart.
  base: number;
  part: number;
}

export interface Series {
  columns: Column[];
  total: bigint;
  // The limit's height; undefined where there is none, or it is off the chart.
  line?: number;
  limit?: bigint;
}

// A limit this many times above the sum would press the columns into the ground.
const farAbove = 6n;
const head = 1.06;

export function seriesOf(reply: Pick<GetSpendSeriesResponse, "buckets" | "limitSats">): Series {
  const total = reply.buckets.reduce((sum, b) => sum + b.spentSats, 0n);
  const limit = reply.limitSats;
  const shows = limit !== undefined && (total === 0n || limit <= total * farAbove);
  const top = Number(shows && limit > total ? limit : total) * head || 1;
  const height = (sats: bigint) => (Number(sats) / top) * 1000;
  let sum = 0n;
  const columns = reply.buckets.map((bucket) => {
    const base = height(sum);
    sum += bucket.spentSats;
    return {
      from: dateOf(bucket.startTime) ?? new Date(0),
      to: dateOf(bucket.endTime) ?? new Date(0),
      spent: bucket.spentSats,
      sum,
      base,
      part: height(bucket.spentSats),
    };
  });
  return { columns, total, limit, line: shows ? height(limit) : undefined };
}
