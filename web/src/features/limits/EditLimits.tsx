// The edit form: four rows, one save, one request.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, type FormEvent } from "react";
import { storeKey } from "../../api/queries";
import { keyClient, limitClient } from "../../api/transport";
import type { ApiKey } from "../../gen/satcap/v1/api_key_pb";
import { t } from "../../i18n/en";
import { useAmountText } from "../../ui/Amount";
import { Dialog } from "../../ui/Dialog";
import { Problem } from "../../ui/Problem";
import { toast } from "../../ui/Toast";
import { useUnit } from "../../ui/unit";
import { useAction } from "../../ui/useAction";
import { LimitFields } from "./LimitFields";
import { changesBetween, draftOf, hasProblem, isUnlimited, limitsOf, loosens, readDraft, readLimits, rebase, type Change } from "./model";
import { isDone, saveLimits } from "./save";

// apiKey is kept up to date from outside; base is what the user decides upon.
export function EditLimits({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const queries = useQueryClient();
  const unit = useUnit();
  const action = useAction();
  const theirs = limitsOf(apiKey.usage);
  const [base, setBase] = useState(theirs);
  const [draft, setDraft] = useState(() => draftOf(theirs, unit));
  const [conflict, setConflict] = useState<Change[]>([]);
  const [busyKey, setBusyKey] = useState(false);
  const [confirming, setConfirming] = useState(false);

  const reads = readDraft(draft, unit);
  const changes = changesBetween(base, readLimits(reads));
  const loose = changes.filter(loosens);

  // Somebody else's change shows as soon as it is known, and is no surprise at the save.
  const meanwhile = changesBetween(base, theirs);
  const close = () => {
    toast(t.limits.saved);
    onClose();
  };
  const adopt = (now: ReturnType<typeof limitsOf>) => {
    // A save whose answer was lost did go through.
    if (action.error !== undefined && changes.length > 0 && isDone(changes, now)) return close();
    const news = changesBetween(base, now);
    setConflict((before) => [...before.filter((c) => !news.some((n) => n.row === c.row)), ...news]);
    setDraft((typed) => rebase(typed, base, now, unit));
    setBase(now);
    setConfirming(false);
  };
  useEffect(() => {
    if (meanwhile.length > 0 && !action.busy) adopt(theirs);
  });

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (hasProblem(reads) || changes.length === 0) return;
    if (loose.length > 0 && !confirming) return setConfirming(true);
    void action.run(async () => {
      const clients = { keys: keyClient, limits: limitClient };
      const saved = await saveLimits(clients, apiKey.apiKeyId, base, apiKey.revision, changes);
      setBusyKey(saved.conflict === "busy");
      if (!saved.key) return;
      storeKey(queries, saved.key);
      if (saved.conflict) return adopt(limitsOf(saved.key.usage));
      close();
    });
  };
  const edit = (next: typeof draft) => {
    setDraft(next);
    setConfirming(false);
  };

  return (
    <Dialog title={t.limits.title(apiKey.name)} onClose={() => action.busy || onClose()}>
      <form onSubmit={submit}>
        <p className="help">{t.limits.lead}</p>
        {conflict.length > 0 && (
          <div className="note warn" role="alert">
            <strong>{t.limits.conflictTitle}</strong>
            <ChangeList changes={conflict} line={t.limits.conflictLine} />
            <p>{t.limits.conflictKept}</p>
            <button type="button" className="link" onClick={() => edit(draftOf(theirs, unit))}>
              {t.limits.takeTheirs}
            </button>
          </div>
        )}
        <LimitFields draft={draft} reads={reads} onDraft={edit} usage={apiKey.usage} />
        {isUnlimited(reads) && <p className="note warn">{t.limits.warnNone}</p>}
        {busyKey && (
          <p className="note bad" role="alert">
            {t.limits.conflictBusy}
          </p>
        )}
        {action.error !== undefined && <Problem error={action.error} />}
        {confirming && (
          <div className="note warn" role="alert">
            <strong>{t.limits.confirmTitle}</strong>
            <ChangeList changes={loose} line={t.limits.raise} />
          </div>
        )}
        <footer className="dialog-foot">
          <button type="button" onClick={confirming ? () => setConfirming(false) : onClose}>
            {confirming ? t.limits.back : t.cancel}
          </button>
          <button
            type="submit"
            className={confirming ? "primary danger" : "primary"}
            disabled={action.busy || hasProblem(reads) || changes.length === 0}
          >
            {action.busy ? t.limits.saving : confirming ? t.limits.confirm : t.limits.save}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function ChangeList({ changes, line }: { changes: Change[]; line: (w: string, from: string, to: string) => string }) {
  const amount = useAmountText();
  const words = (sats: bigint | undefined) => (sats === undefined ? t.limits.noLimit : amount(sats));
  return (
    <ul>
      {changes.map(({ row, from, to }) => (
        <li key={row.slug}>{line(t.windows.name[row.slug], words(from), words(to))}</li>
      ))}
    </ul>
  );
}
