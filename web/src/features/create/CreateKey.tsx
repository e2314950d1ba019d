// Makes a key and its limits in one request, then shows the secret, once.
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { invalidateKeys } from "../../api/queries";
import { keyClient } from "../../api/transport";
import { t } from "../../i18n/en";
import { keyHref } from "../../lib/route";
import { toast } from "../../ui/Toast";
import { useUnit } from "../../ui/unit";
import { Dialog } from "../../ui/Dialog";
import { useAction } from "../../ui/useAction";
import { CreateForm } from "./CreateForm";
import { emptyForm, newRequestId, requestOf } from "./form";
import { SecretOnce } from "./SecretOnce";

export function CreateKey({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const unit = useUnit();
  const action = useAction();
  // Made when the dialog opens: however often the button is pressed, and
  // whatever becomes of the answers, there is one key.
  const [{ requestId, opened }] = useState(() => ({ requestId: newRequestId(), opened: new Date() }));
  const [form, setForm] = useState(() => emptyForm(unit));
  const [made, setMade] = useState<{ id: string; secret: string }>();

  const create = () =>
    action.run(async () => {
      const { apiKey, secret } = await keyClient.createApiKey(requestOf(form, unit, opened, requestId));
      setMade({ id: apiKey?.apiKeyId ?? "", secret });
      invalidateKeys(queries);
    });

  const open = () => {
    if (made) location.hash = keyHref(made.id);
  };

  if (made && made.secret !== "") {
    const done = () => {
      toast(t.create.notice(form.name.trim()));
      onClose();
    };
    return <SecretOnce title={t.create.done} secret={made.secret} apiKeyId={made.id} onDone={done} />;
  }
  return (
    <Dialog title={t.create.title} onClose={() => action.busy || onClose()} wide>
      {made ? (
        <>
          <p className="note warn" role="alert">
            {t.create.already}
          </p>
          <footer className="dialog-foot">
            <button type="button" className="primary" onClick={open}>
              {t.create.goToKey}
            </button>
          </footer>
        </>
      ) : (
        <CreateForm form={form} onForm={setForm} opened={opened} action={action} onSubmit={create} onCancel={onClose} />
      )}
    </Dialog>
  );
}
