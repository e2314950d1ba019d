// Four rows, one for each window: the same in the create and the edit form.
import { useId } from "react";
import type { WindowUsage } from "../../gen/satcap/v1/usage_pb";
import { t } from "../../i18n/en";
import { editSats } from "../../lib/sats";
import { WINDOWS, type WindowRow } from "../../lib/windows";
import { useAmountText } from "../../ui/Amount";
import { useUnit } from "../../ui/unit";
import { readLimits, shadowOf, usedIn, type Draft, type Reads } from "./model";

interface Props {
  draft: Draft;
  reads: Reads;
  onDraft: (draft: Draft) => void;
  // What is used already; a new key has none.
  usage?: readonly WindowUsage[];
}

export function LimitFields({ draft, reads, onDraft, usage }: Props) {
  return (
    <div className="limit-fields">
      {WINDOWS.map((row) => (
        <LimitField
          key={row.slug}
          row={row}
          text={draft[row.slug]}
          reads={reads}
          usage={usage}
          onText={(text) => onDraft({ ...draft, [row.slug]: text })}
        />
      ))}
    </div>
  );
}

interface FieldProps {
  row: WindowRow;
  text: string;
  reads: Reads;
  usage?: readonly WindowUsage[];
  onText: (text: string) => void;
}

function LimitField({ row, text, reads, usage, onText }: FieldProps) {
  const id = useId();
  const unit = useUnit();
  const amount = useAmountText();
  const { sats, problem } = reads[row.slug];
  const used = usage && usedIn(row, usage);
  const shadow = shadowOf(row, readLimits(reads));
  const says: string[] = [];
  // 100k says what it is; 100,000 need not.
  if (sats !== undefined && text.trim() !== editSats(sats, unit)) says.push(t.limits.equals(amount(sats)));
  if (sats !== undefined && used !== undefined && used > 0n) says.push(t.limits.after(amount(sats - used)));
  const below = sats !== undefined && used !== undefined && used > 0n && used >= sats;
  return (
    <div className="limit-field">
      <label htmlFor={id}>
        {t.windows.name[row.slug]}
        {used !== undefined && <span className="help"> {t.limits.used(amount(used))}</span>}
      </label>
      <div className="with-unit">
        <input
          id={id}
          className="number"
          inputMode="text"
          autoComplete="off"
          spellCheck={false}
          placeholder={t.limits.placeholder}
          aria-label={t.limits.inWindow(t.windows.name[row.slug])}
          aria-invalid={problem !== undefined}
          aria-describedby={`${id}-says`}
          value={text}
          onInput={(e) => onText(e.currentTarget.value)}
        />
        {/* Not "0.2 BTC sats". */}
        <span aria-hidden="true">{/btc|sat/i.test(text) ? "" : t.unit[unit]}</span>
      </div>
      <div className="says" id={`${id}-says`} aria-live="polite">
        {problem && <p className="bad">{t.limits.problem[problem]}</p>}
        {sats !== undefined && !below && says.length > 0 && <p className="help">{says.join(", ")}</p>}
        {below && <p className="warn">{t.limits.warnBelow}</p>}
        {shadow && (
          <p className="warn">{t.limits.warnShadowed(t.windows.name[row.slug], t.windows.name[shadow.slug])}</p>
        )}
      </div>
    </div>
  );
}
