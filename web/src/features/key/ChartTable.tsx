// The chart's numbers, for those who read rather than look.
import { useState } from "react";
import { t } from "../../i18n/en";
import { Amount } from "../../ui/Amount";
import { Time } from "../../ui/Time";
import type { Series } from "./series";

const words = t.key.chart;

export function ChartTable({ series }: { series: Series }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>{words.table}</summary>
      {open && (
        <div className="scroll" tabIndex={0} role="region" aria-label={words.title}>
          <table>
            <thead>
              <tr>
                <th scope="col">{words.from}</th>
                <th scope="col">{words.to}</th>
                <th scope="col" className="end">
                  {words.spent}
                </th>
                <th scope="col" className="end">
                  {words.sum}
                </th>
              </tr>
            </thead>
            <tbody>
              {series.columns.map((column) => (
                <tr key={column.to.getTime()}>
                  <td>
                    <Time at={column.from} />
                  </td>
                  <td>
                    <Time at={column.to} />
                  </td>
                  <td className="end">
                    <Amount sats={column.spent} />
                  </td>
                  <td className="end">
                    <Amount sats={column.sum} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
