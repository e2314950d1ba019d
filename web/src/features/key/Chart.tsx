// Spending in one window: each column is the sum up to then, with what was spent
// in that time on top, and the limit as a line over it. The last column is
// what the limit is held against now.
import { useId, useState } from "react";
import { useSeries } from "../../api/queries";
import { t } from "../../i18n/en";
import { formatMoment } from "../../lib/time";
import { WINDOWS, type WindowRow } from "../../lib/windows";
import { useAmountText } from "../../ui/Amount";
import { Problem } from "../../ui/Problem";
import { ChartTable } from "./ChartTable";
import { seriesOf, type Column, type Series } from "./series";

const words = t.key.chart;

export function Chart({ apiKeyId }: { apiKeyId: string }) {
  const name = useId();
  const [row, setRow] = useState<WindowRow>(WINDOWS[0]!);
  const query = useSeries(apiKeyId, row.window);
  const series = query.data && seriesOf(query.data);
  return (
    <section className="panel chart">
      <header>
        <h2>{words.title}</h2>
        <fieldset className="segments">
          <legend className="hidden">{words.window}</legend>
          {WINDOWS.map((choice) => (
            <label key={choice.slug}>
              <input type="radio" name={name} checked={choice === row} onChange={() => setRow(choice)} />
              <span>{t.windows.short[choice.slug]}</span>
            </label>
          ))}
        </fieldset>
      </header>
      {query.isError && !series && <Problem error={query.error} onRetry={() => void query.refetch()} />}
      {!series && !query.isError && <div className="bone plot" aria-hidden="true" />}
      {series && <Plot series={series} row={row} />}
      {series && series.total > 0n && <ChartTable series={series} />}
    </section>
  );
}

function Plot({ series, row }: { series: Series; row: WindowRow }) {
  const amount = useAmountText();
  const [at, setAt] = useState<Column>();
  const { columns, line, limit, total } = series;
  const summary = words.caption(t.windows.last[row.slug], amount(total));
  return (
    <figure>
      <figcaption>
        {at ? (
          words.part(formatMoment(at.from), formatMoment(at.to), amount(at.spent), amount(at.sum))
        ) : (
          <>
            <span className="now">{total === 0n ? words.nothing : summary}</span>
            {total > 0n && <span> · {words.hint}</span>}
            {limit !== undefined && line === undefined && <> · {words.limitAbove(amount(limit))}</>}
          </>
        )}
      </figcaption>
      <div className="plot">
        <svg
          viewBox={`0 0 ${columns.length} 1000`}
          preserveAspectRatio="none"
          role="img"
          aria-label={summary}
          onPointerLeave={() => setAt(undefined)}
        >
          {columns.map((column, i) => (
            <g key={i} className={column.to === at?.to ? "on" : undefined} onPointerEnter={() => setAt(column)}>
              <rect className="hit" x={i} width="1" height="1000" />
              <rect className="sum" x={i + 0.08} width="0.84" y={1000 - column.base} height={column.base} />
              <rect
                className="part"
                x={i + 0.08}
                width="0.84"
                y={1000 - column.base - drawn(column)}
                height={drawn(column)}
              />
            </g>
          ))}
          {line !== undefined && <path className="line" d={`M0 ${1000 - line}H${columns.length}`} />}
        </svg>
        {limit !== undefined && line !== undefined && (
          <svg className="line-label" aria-hidden="true">
            <text y={`${100 - line / 10}%`} dy="-5">
              {words.limit(amount(limit))}
            </text>
          </svg>
        )}
      </div>
      <div className="axis" aria-hidden="true">
        {row.axis.steps.map((n) => (
          <span key={n}>{words.agoUnit(n, row.axis.unit)}</span>
        ))}
      </div>
    </figure>
  );
}

// drawn keeps a small spend visible.
const drawn = (column: Column): number => (column.spent > 0n ? Math.max(column.part, 6) : 0);
