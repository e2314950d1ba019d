// The frame of the small dialogs: what happens, what becomes of open holds, one
// button. A failure stays in the dialog.
import { useQueryClient } from "@tanstack/react-query";
import type { FormEvent, ReactNode } from "react";
import { storeKey } from "../../api/queries";
import type { ApiKey } from "../../gen/satcap/v1/api_key_pb";
import { t } from "../../i18n/en";
import { useAmountText } from "../../ui/Amount";
import { Dialog } from "../../ui/Dialog";
import { Problem } from "../../ui/Problem";
import { toast } from "../../ui/Toast";
import { useAction } from "../../ui/useAction";

interface Props {
  title: string;
  button: string;
  done: string;
  danger?: boolean;
  disabled?: boolean;
  // Does it, and returns the key as it is then.
  work: () => Promise<ApiKey | undefined>;
  onClose: () => void;
  // What follows success; without it a notice, and the dialog closes.
  onDone?: () => void;
  children: ReactNode;
}

export function Confirm({ title, button, done, danger, disabled, work, onClose, onDone, children }: Props) {
  const queries = useQueryClient();
  const action = useAction();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (disabled) return;
    void action.run(async () => {
      const key = await work();
      if (key) storeKey(queries, key);
      if (onDone) return onDone();
      toast(done);
      onClose();
    });
  };
  return (
    <Dialog title={title} onClose={() => action.busy || onClose()}>
      <form onSubmit={submit}>
        {children}
        {action.error !== undefined && <Problem error={action.error} />}
        <footer className="dialog-foot">
          <button type="button" disabled={action.busy} onClick={onClose} autoFocus={danger}>
            {t.cancel}
          </button>
          <button type="submit" className={danger ? "primary danger" : "primary"} disabled={disabled || action.busy}>
            {button}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

// Holds says what becomes of payments under way.
export function Holds({ apiKey }: { apiKey: ApiKey }) {
  const amount = useAmountText();
  const held = apiKey.usage[0]?.heldSats ?? 0n;
  return <p className="help">{held > 0n ? t.key.holdsStay(amount(held)) : t.key.noHolds}</p>;
}
