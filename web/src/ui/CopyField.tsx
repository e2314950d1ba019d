// A text to copy, with a way that works on plain HTTP too.
import { useId, useRef, useState } from "react";
import { t } from "../i18n/en";

// copyText copies by the clipboard's API, which needs HTTPS, or else by a selection.
async function copyText(text: string, field: HTMLInputElement | HTMLTextAreaElement): Promise<boolean> {
  if (window.isSecureContext && navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // The user or a policy said no: the old way may still do.
    }
  }
  field.focus();
  field.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  }
}

interface Props {
  label: string;
  value: string;
  rows?: number;
}

export function CopyField({ label, value, rows }: Props) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const [outcome, setOutcome] = useState<"copied" | "failed">();
  const copy = async () => {
    const field = input.current ?? area.current;
    if (!field) return;
    // "Copied" only once it is.
    const done = await copyText(value, field);
    setOutcome(done ? "copied" : "failed");
    if (!done) field.select();
    setTimeout(() => setOutcome(undefined), 4_000);
  };
  const shared = {
    id,
    readOnly: true,
    value,
    spellCheck: false,
    autoComplete: "off",
    className: "mono",
    onFocus: (e: { currentTarget: HTMLInputElement | HTMLTextAreaElement }) => e.currentTarget.select(),
  };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="copy">
        {rows ? <textarea ref={area} rows={rows} {...shared} /> : <input ref={input} {...shared} />}
        <button type="button" onClick={() => void copy()}>
          {outcome === "copied" ? t.copied : t.copy}
        </button>
      </div>
      <p className="help" role="status">
        {outcome === "copied" ? <span className="hidden">{t.copied}</span> : outcome === "failed" ? t.copyFailed : ""}
      </p>
    </div>
  );
}
