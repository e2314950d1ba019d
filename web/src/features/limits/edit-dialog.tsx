import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { refreshDetails, refreshKey, refreshList, storeKey } from "../../api/queries";
import type { ApiKey } from "../../gen/satcap/v1/api_key_pb";
import { en } from "../../i18n/en";
import { Dialog } from "../../ui/dialog";
import { useFormat } from "../../ui/format";
import { Failed, Notice } from "../../ui/notice";
import { useToast } from "../../ui/toast";
import { type Change, changesOf, draftOf, limitsOf, readDraft } from "./draft";
import { LimitFields } from "./fields";
import { saveLimits } from "./save";

export function EditLimits({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const { amount, unit } = useFormat();
  const toast = useToast();
  // What the form was opened on. Only a change of limits elsewhere is a conflict.
  const [base, setBase] = useState(apiKey);
  const [draft, setDraft] = useState(() => draftOf(limitsOf(apiKey.usage), unit));
  const [touched, setTouched] = useState(false);
  const [sure, setSure] = useState(false);
  const update = useMutation({
    mutationFn: (changes: Change[]) => saveLimits(base, apiKey, changes),
    onSuccess: (after) => {
      if (after) storeKey(after);
      void refreshKey(apiKey.apiKeyId);
      void refreshDetails(apiKey.apiKeyId);
      void refreshList();
      toast(en.limits.saved);
      onClose();
    },
  });

  const before = limitsOf(base.usage);
  const elsewhere = changesOf(before, limitsOf(apiKey.usage));
  const conflict = elsewhere.length > 0;
  const reading = readDraft(draft, unit);
  const changes = changesOf(before, reading.limits);
  const loosening = changes.filter((change) => change.loosens);
  const limitText = (limit: bigint | undefined) => (limit === undefined ? en.limits.placeholder : amount(limit));
  const changeText = (c: Change) => en.limits.raised(en.windows[c.row.id].name, limitText(c.from), limitText(c.to));

  function save(event: Event) {
    event.preventDefault();
    setTouched(true);
    if (!reading.valid || changes.length === 0 || conflict || update.isPending) return;
    if (loosening.length > 0 && !sure) return;
    update.mutate(changes);
  }

  /** Goes on from what the key is now: the fields keep what was typed. */
  function rebase() {
    // A field that was not touched follows what the limit became.
    const untouched = draftOf(before, unit);
    const now = draftOf(limitsOf(apiKey.usage), unit);
    for (const { row } of elsewhere) {
      if (draft[row.id] === untouched[row.id]) setDraft((old) => ({ ...old, [row.id]: now[row.id] }));
    }
    setBase(apiKey);
    setSure(false);
    update.reset();
  }

  return (
    <Dialog title={en.limits.title} onClose={onClose} locked={update.isPending} wide>
      <form class="stack form" noValidate onSubmit={save}>
        <LimitFields
          draft={draft}
          onDraft={(next) => {
            setDraft(next);
            setSure(false);
          }}
          reading={reading}
          usage={apiKey.usage}
          touched={touched}
        />
        {conflict && (
          <Notice tone="error">
            <p>{en.limits.conflict}</p>
            <ul>
              {elsewhere.map((change) => (
                <li key={change.row.id}>{changeText(change)}</li>
              ))}
            </ul>
            <button type="button" onClick={rebase}>
              {en.limits.conflictGo}
            </button>
          </Notice>
        )}
        {!conflict && reading.valid && loosening.length > 0 && (
          <Notice tone="warning">
            <p>{en.limits.confirm}</p>
            <ul>
              {loosening.map((change) => (
                <li key={change.row.id}>{changeText(change)}</li>
              ))}
            </ul>
            <label class="check">
              <input type="checkbox" checked={sure} onChange={(event) => setSure(event.currentTarget.checked)} />
              {en.limits.confirmBox}
            </label>
            {touched && !sure && <p class="problem">{en.limits.confirmFirst}</p>}
          </Notice>
        )}
        {!conflict && <Failed error={update.error} />}
        <div class="actions">
          {touched && changes.length === 0 && (
            <span class="muted small" role="status">
              {en.limits.nothing}
            </span>
          )}
          <button type="button" disabled={update.isPending} onClick={onClose}>
            {en.cancel}
          </button>
          <button class="primary" disabled={update.isPending || conflict}>
            {update.isPending ? en.loading : en.limits.save}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
