import { useId, useRef, useState } from "react";
import { en } from "../i18n/en";

/** Copies text with what the page has: the clipboard needs HTTPS, the old way does not. */
export async function copyText(text: string, field: HTMLTextAreaElement): Promise<boolean> {
  try {
    if (window.isSecureContext && navigator.clipboard) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch {
    // Not allowed here: the old way is next.
  }
  field.focus();
  field.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  }
}

/** Text to take away, with a button that says whether it worked. */
export function CopyField({ label, value, rows = 1 }: { label: string; value: string; rows?: number }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [result, setResult] = useState<boolean>();
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="copy">
        <textarea
          id={id}
          ref={field}
          class="mono"
          rows={rows}
          readOnly
          spellcheck={false}
          value={value}
          onFocus={(event) => event.currentTarget.select()}
        />
        <button type="button" onClick={async () => field.current && setResult(await copyText(value, field.current))}>
          {result ? en.secret.copied : en.secret.copy}
        </button>
      </div>
      <p class="small muted" role="status">
        {result === true && en.secret.copied}
        {result === false && en.secret.copyFailed}
      </p>
    </div>
  );
}
