import { useMutation } from "@connectrpc/connect-query";
import { useState } from "react";
import { refreshList, storeKey } from "../../api/queries";
import type { ApiKey } from "../../gen/satcap/v1/api_key_pb";
import { ApiKeyService, type RotateApiKeyResponse } from "../../gen/satcap/v1/api_key_service_pb";
import { en } from "../../i18n/en";
import { newId } from "../../lib/id";
import { Dialog } from "../../ui/dialog";
import { Failed } from "../../ui/notice";
import { SecretDialog } from "../create/secret-dialog";

const GRACES = ["0", "3600", "86400", "604800"] as const;

/** A retry with the same request id is the same rotation, so a lost answer loses nothing. */
export function RotateDialog({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const [requestId] = useState(newId);
  const [grace, setGrace] = useState<(typeof GRACES)[number]>("86400");
  const [made, setMade] = useState<RotateApiKeyResponse>();
  const rotate = useMutation(ApiKeyService.method.rotateApiKey, {
    gcTime: 0,
    onSuccess: (response) => {
      if (response.apiKey) storeKey(response.apiKey);
      void refreshList();
      setMade(response);
      rotate.reset();
    },
  });
  if (made) return <SecretDialog apiKey={made.apiKey ?? apiKey} secret={made.secret} onClose={onClose} />;
  return (
    <Dialog title={en.rotateDialog.title} onClose={onClose} locked={rotate.isPending}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (!rotate.isPending) rotate.mutate({ apiKeyId: apiKey.apiKeyId, graceSeconds: Number(grace), requestId });
        }}
      >
        <p>{en.rotateDialog.text}</p>
        <div class="field">
          <label for="grace">{en.rotateDialog.grace}</label>
          <select
            id="grace"
            value={grace}
            disabled={rotate.isError}
            onChange={(event) => setGrace(event.currentTarget.value as typeof grace)}
          >
            {GRACES.map((g) => (
              <option key={g} value={g}>
                {en.rotateDialog.graces[g]}
              </option>
            ))}
          </select>
        </div>
        <Failed error={rotate.error} />
        <div class="actions">
          <button type="button" data-autofocus disabled={rotate.isPending} onClick={onClose}>
            {en.cancel}
          </button>
          <button class="primary" disabled={rotate.isPending}>
            {rotate.isPending ? en.loading : en.rotateDialog.submit}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
