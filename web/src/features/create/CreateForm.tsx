// The form of a new key. What is wrong with it shows after the first try.
import { useId, useState, type FormEvent } from "react";
import { t } from "../../i18n/en";
import { Problem } from "../../ui/Problem";
import { useUnit } from "../../ui/unit";
import type { Action } from "../../ui/useAction";
import { LimitFields } from "../limits/LimitFields";
import { draftOf, isUnlimited, readDraft } from "../limits/model";
import { ExpiryField } from "./ExpiryField";
import { PRESET_NAMES, PRESETS, presetOf, problemsOf, SCOPES, type CreateForm as Form } from "./form";

interface Props {
  form: Form;
  onForm: (form: Form) => void;
  opened: Date;
  action: Action;
  onSubmit: () => void;
  onCancel: () => void;
}

export function CreateForm({ form, onForm, opened, action, onSubmit, onCancel }: Props) {
  const id = useId();
  const unit = useUnit();
  // Nobody likes to be told off for a form that is still empty.
  const [tried, setTried] = useState(false);
  const problems = problemsOf(form, unit, opened);
  const reads = readDraft(form.limits, unit);
  const chosen = presetOf(form.limits, unit);

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(problems).length === 0) return onSubmit();
    const field = event.currentTarget;
    // After the next render, in which the fields are marked.
    setTimeout(() => field.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
  };

  return (
    <form onSubmit={submit} noValidate>
      <div className="columns">
        <div>
          <div className="field">
            <label htmlFor={id}>{t.create.name}</label>
            <input
              id={id}
              autoFocus
              autoComplete="off"
              value={form.name}
              aria-invalid={tried && problems.name !== undefined}
              aria-describedby={`${id}-help`}
              onInput={(e) => onForm({ ...form, name: e.currentTarget.value })}
            />
            <p id={`${id}-help`} className={tried && problems.name ? "bad" : "help"}>
              {tried && problems.name ? t.create[problems.name] : t.create.nameHelp}
            </p>
          </div>
          <fieldset className="field">
            <legend>{t.create.scopes}</legend>
            {SCOPES.map((scope) => (
              <label key={scope} className="check">
                <input
                  type="checkbox"
                  checked={form.scopes.includes(scope)}
                  aria-invalid={tried && problems.scopes !== undefined}
                  onChange={(e) => {
                    const others = form.scopes.filter((s) => s !== scope);
                    onForm({ ...form, scopes: e.currentTarget.checked ? [...others, scope] : others });
                  }}
                />
                <span>
                  {t.scopes[scope]} <span className="help">{t.scopeHelp[scope]}</span>
                </span>
              </label>
            ))}
            {tried && problems.scopes && <p className="bad">{t.create[problems.scopes]}</p>}
          </fieldset>
          <ExpiryField form={form} onForm={onForm} opened={opened} problem={tried ? problems.expiry : undefined} />
        </div>
        <fieldset className="field">
          <legend>{t.create.limits}</legend>
          <div className="chips" role="group" aria-label={t.create.presets}>
            {PRESET_NAMES.map((name) => (
              <button
                key={name}
                type="button"
                className="chip"
                aria-pressed={chosen === name}
                onClick={() => onForm({ ...form, limits: draftOf(PRESETS[name], unit) })}
              >
                {t.create.preset[name]}
              </button>
            ))}
          </div>
          <LimitFields draft={form.limits} reads={reads} onDraft={(limits) => onForm({ ...form, limits })} />
          {isUnlimited(reads) && (
            <p className="note warn" role="status">
              {t.limits.warnNone}
            </p>
          )}
        </fieldset>
      </div>
      {action.error !== undefined && <Problem error={action.error} />}
      <footer className="dialog-foot">
        <button type="button" disabled={action.busy} onClick={onCancel}>
          {t.cancel}
        </button>
        <button type="submit" className="primary" disabled={action.busy}>
          {action.busy ? t.create.submitting : t.create.submit}
        </button>
      </footer>
    </form>
  );
}
