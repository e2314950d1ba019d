import { useQuery } from "@connectrpc/connect-query";
import { useState } from "react";
import { UsageService } from "../../gen/satcap/v1/usage_service_pb";
import { en } from "../../i18n/en";
import { dateOf } from "../../lib/time";
import { WINDOWS, type WindowRow } from "../../lib/windows";
import { formatMoment, Time } from "../../ui/clock";
import { Amount, useFormat } from "../../ui/format";
import { Failed, Skeleton } from "../../ui/notice";
import { usePoll } from "../../ui/use-live";
import { type Geometry, geometry } from "./geometry";

const WIDTH = 1000;
const HEIGHT = 180;

export function SpendChart({ id }: { id: string }) {
  const [row, setRow] = useState<WindowRow>(WINDOWS[0]);
  return (
    <section class="card chart stack">
      <div class="row spread">
        <h2>{en.chart.title}</h2>
        <div class="switch" role="group" aria-label={en.history.window}>
          {WINDOWS.map((w) => (
            <button key={w.id} type="button" aria-pressed={w === row} aria-label={en.windows[w.id].name} onClick={() => setRow(w)}>
              {en.windows[w.id].short}
            </button>
          ))}
        </div>
      </div>
      <Series key={row.id} id={id} row={row} />
    </section>
  );
}

function Series({ id, row }: { id: string; row: WindowRow }) {
  const { amount } = useFormat();
  const poll = usePoll(30_000);
  const query = useQuery(UsageService.method.getSpendSeries, { apiKeyId: id, window: row.window }, { refetchInterval: poll });
  if (query.isPending) return <Skeleton rows={3} />;
  if (!query.data) return <Failed error={query.error} onRetry={() => void query.refetch()} />;
  const { buckets, limitSats } = query.data;
  const g = geometry(buckets, limitSats);
  const summary = en.chart.summary(amount(g.total), en.windows[row.id].name);
  return (
    <>
      <p class="row small">
        <span>{summary}</span>
        <span class="legend bars">{en.windows[row.id].chart}</span>
        <span class="legend total">{en.chart.total.toLowerCase()}</span>
        {limitSats !== undefined && <span class="legend limit">{en.chart.over(amount(limitSats))}</span>}
      </p>
      <Bars g={g} label={summary} />
      <p class="row spread small muted">
        {buckets[0]?.startTime && <Time at={buckets[0].startTime} style="moment" />}
        {query.data.readTime && <Time at={query.data.readTime} style="moment" />}
      </p>
      {g.total === 0n && <p class="small muted">{en.chart.empty}</p>}
      <details>
        <summary>{en.chart.table}</summary>
        <Table g={g} />
      </details>
    </>
  );
}

function Bars({ g, label }: { g: Geometry; label: string }) {
  const { amount } = useFormat();
  const step = WIDTH / Math.max(1, g.bars.length);
  const y = (height: number) => HEIGHT - (height / 1000) * (HEIGHT - 4);
  const now = new Date();
  const line = g.bars.map((bar, i) => `${i === 0 ? "M0" : "L" + i * step} ${y(bar.totalHeight)}H${(i + 1) * step}`).join("");
  return (
    <svg class="bars-svg" role="img" aria-label={label} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none">
      <line class="base" x1="0" x2={WIDTH} y1={HEIGHT} y2={HEIGHT} />
      {g.bars.map((bar, i) => (
        <g key={i}>
          <rect class="hit" x={i * step} y="0" width={step} height={HEIGHT}>
            <title>
              {bar.bucket.startTime && formatMoment(dateOf(bar.bucket.startTime), now)}: {amount(bar.bucket.spentSats)}
            </title>
          </rect>
          <rect class="bar" x={i * step + step * 0.12} y={y(bar.height)} width={step * 0.76} height={HEIGHT - y(bar.height)} />
        </g>
      ))}
      {g.total > 0n && <path class="total-line" d={line} />}
      {g.limitHeight !== undefined && <line class="limit-line" x1="0" x2={WIDTH} y1={y(g.limitHeight)} y2={y(g.limitHeight)} />}
    </svg>
  );
}

function Table({ g }: { g: Geometry }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={en.chart.title}>
      <table>
        <thead>
          <tr>
            <th scope="col">{en.chart.from}</th>
            <th scope="col">{en.chart.to}</th>
            <th scope="col" class="end">
              {en.chart.spent}
            </th>
            <th scope="col" class="end">
              {en.chart.total}
            </th>
          </tr>
        </thead>
        <tbody>
          {g.bars.toReversed().map((bar, i) => (
            <tr key={i}>
              <td>{bar.bucket.startTime && <Time at={bar.bucket.startTime} style="moment" />}</td>
              <td>{bar.bucket.endTime && <Time at={bar.bucket.endTime} style="moment" />}</td>
              <td class="end">
                <Amount sats={bar.bucket.spentSats} />
              </td>
              <td class="end">
                <Amount sats={bar.total} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
