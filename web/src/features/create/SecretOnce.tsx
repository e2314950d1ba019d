// Shows a secret, this once, and does not close before the user says that it is
// stored. The secret lives in its parent's state only: never in the address,
// a cache, a log or the browser's storage.
import { useEffect, useState } from "react";
import { server } from "../../api/transport";
import { t } from "../../i18n/en";
import { useHold } from "../../lib/hold";
import { CopyField } from "../../ui/CopyField";
import { Dialog } from "../../ui/Dialog";

interface Props {
  title: string;
  secret: string;
  apiKeyId: string;
  onDone: () => void;
}

export function SecretOnce({ title, secret, apiKeyId, onDone }: Props) {
  const [stored, setStored] = useState(false);
  const [guarded, setGuarded] = useState(false);

  useHold(!stored);
  useEffect(() => {
    if (stored) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [stored]);

  const close = () => (stored ? onDone() : setGuarded(true));
  return (
    <Dialog title={title} onClose={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          close();
        }}
      >
        <p className="note warn">{t.create.secretOnce}</p>
        <CopyField label={t.create.secretLabel} value={secret} />
        <CopyField label={t.create.trySnippet} value={snippet(secret, apiKeyId)} rows={4} />
        <label className="check">
          <input type="checkbox" checked={stored} onChange={(e) => setStored(e.currentTarget.checked)} />
          <span>{t.create.stored}</span>
        </label>
        <p className="bad" role="alert">
          {guarded && !stored ? t.create.closeGuard : ""}
        </p>
        <footer className="dialog-foot">
          <button type="submit" className="primary" disabled={!stored}>
            {t.create.finish}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function snippet(secret: string, apiKeyId: string): string {
  return [
    `curl ${server}/satcap.v1.UsageService/GetUsage \\`,
    `  -H "X-API-KEY: ${secret}" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d '${JSON.stringify({ apiKeyId })}'`,
  ].join("\n");
}
