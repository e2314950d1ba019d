// When a new key ends: after some days, on a day, or never.
import { useId } from "react";
import { t } from "../../i18n/en";
import { formatMoment } from "../../lib/time";
import { EXPIRY_DAYS, expireTimeOf, type CreateForm, type Expiry, type Problems } from "./form";

interface Props {
  form: CreateForm;
  onForm: (form: CreateForm) => void;
  opened: Date;
  problem: Problems["expiry"];
}

const choices: Expiry[] = [...EXPIRY_DAYS, "custom", "never"];

export function ExpiryField({ form, onForm, opened, problem }: Props) {
  const id = useId();
  const at = expireTimeOf(form, opened);
  const label = (choice: Expiry) =>
    choice === "custom" ? t.create.expiryCustom : choice === "never" ? t.create.expiryNever : t.create.expiryIn(choice);
  return (
    <fieldset className="field">
      <legend>{t.create.expiry}</legend>
      <div className="chips">
        {choices.map((choice) => (
          <label key={choice} className="chip">
            <input
              type="radio"
              name={id}
              checked={form.expiry === choice}
              onChange={() => onForm({ ...form, expiry: choice })}
            />
            <span>{label(choice)}</span>
          </label>
        ))}
      </div>
      {form.expiry === "custom" && (
        <input
          type="date"
          aria-label={t.create.expiryDay}
          aria-invalid={problem !== undefined}
          min={dayText(opened)}
          value={form.day}
          onInput={(e) => onForm({ ...form, day: e.currentTarget.value })}
        />
      )}
      <p className={problem ? "bad" : "help"}>
        {problem
          ? t.create[problem]
          : form.expiry === "never"
            ? t.create.expiryNeverHelp
            : at && t.create.expiryAt(formatMoment(at, opened))}
      </p>
    </fieldset>
  );
}

const two = (n: number) => String(n).padStart(2, "0");
const dayText = (d: Date) => `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
