import { en } from "../../i18n/en";
import type { WindowUsage } from "../../gen/satcap/v1/usage_pb";
import { usageOf, usedOf, WINDOWS, type WindowRow } from "../../lib/windows";
import { useFormat } from "../../ui/format";
import { type Draft, PRESETS, presetDraft, type Reading, warningsOf } from "./draft";

/** A row for each window: the amount, what it means now, and what is wrong with it. */
export function LimitFields(props: {
  draft: Draft;
  onDraft: (draft: Draft) => void;
  reading: Reading;
  usage?: readonly WindowUsage[];
  touched: boolean;
}) {
  const { amount, unit } = useFormat();
  const { draft, onDraft, reading, usage = [] } = props;
  const warnings = warningsOf(reading.limits, usage);

  function hint(row: WindowRow): string {
    const now = usageOf(usage, row);
    if (!now) return "";
    const limit = reading.limits[row.id];
    const current = en.limits.now(now.limitSats === undefined ? en.limits.placeholder : amount(now.limitSats), amount(usedOf(now)));
    if (limit === undefined || limit === now.limitSats || reading.problems[row.id]) return current;
    return `${current}; ${en.limits.remaining(amount(limit > usedOf(now) ? limit - usedOf(now) : 0n))}`;
  }

  return (
    <>
      <div class="row small">
        <span class="muted">{en.create.presets}</span>
        {PRESETS.map((preset) => (
          <button key={String(preset)} type="button" class="small" onClick={() => onDraft(presetDraft(preset, unit))}>
            {amount(preset)} / {en.windows.daily.short}
          </button>
        ))}
      </div>
      <div class="limit-fields">
        {WINDOWS.map((row) => {
          const problem = reading.problems[row.id];
          const shown = problem && (props.touched || problem !== "format");
          return (
            <div class="limit-field" key={row.id}>
              <label for={`limit-${row.id}`}>{en.windows[row.id].name}</label>
              <div>
                <input
                  id={`limit-${row.id}`}
                  class="end"
                  inputMode="text"
                  autoComplete="off"
                  placeholder={en.limits.placeholder}
                  value={draft[row.id]}
                  aria-invalid={shown ? "true" : undefined}
                  aria-describedby={`limit-${row.id}-hint`}
                  onInput={(event) => onDraft({ ...draft, [row.id]: event.currentTarget.value })}
                />
                <div id={`limit-${row.id}-hint`}>
                  {hint(row) && <p class="small muted">{hint(row)}</p>}
                  {!hint(row) && !problem && reading.limits[row.id] !== undefined && (
                    <p class="small muted">{amount(reading.limits[row.id] ?? 0n)}</p>
                  )}
                  {shown && <p class="problem">{en.amountProblems[problem]}</p>}
                  {warnings[row.id]?.map((w) => (
                    <p class="warning-text" key={w.kind}>
                      {w.kind === "below"
                        ? en.limits.below
                        : en.limits.order(en.windows[row.id].name, en.windows[w.longer.id].name)}
                    </p>
                  ))}
                </div>
              </div>
            </div>
          );
        })}
      </div>
      <p class="small muted">
        {en.limits.help} {en.create.limitsHelp}
      </p>
    </>
  );
}
