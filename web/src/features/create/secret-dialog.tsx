import { useEffect, useState } from "react";
import { API_URL } from "../../api/url";
import { type ApiKey, ApiKey_Scope } from "../../gen/satcap/v1/api_key_pb";
import { en } from "../../i18n/en";
import { CopyField } from "../../ui/copy";
import { Dialog } from "../../ui/dialog";
import { Notice } from "../../ui/notice";

/** The secret, this once. Nothing closes the dialog before it is said to be stored. */
export function SecretDialog({ apiKey, secret, onClose }: { apiKey: ApiKey; secret: string; onClose: () => void }) {
  const [stored, setStored] = useState(false);
  useEffect(() => {
    if (stored) return;
    const stay = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", stay);
    return () => removeEventListener("beforeunload", stay);
  }, [stored]);

  const method = apiKey.scopes.includes(ApiKey_Scope.READ) ? "UsageService/GetUsage" : "SpendService/CheckSpend";
  const body = JSON.stringify({
    apiKeyId: apiKey.apiKeyId,
    ...(method === "SpendService/CheckSpend" && { amountSats: "1" }),
  });
  const curl = [
    `curl ${API_URL}/satcap.v1.${method}`,
    `-H "Authorization: Bearer ${secret}" -H "Content-Type: application/json"`,
    `-d '${body}'`,
  ].join(" \\\n  ");

  return (
    <Dialog title={en.secret.title} onClose={onClose} locked={!stored} wide>
      <div class="stack">
        <Notice tone="warning">{en.secret.text}</Notice>
        <CopyField label={en.secret.label} value={secret} rows={2} />
        <CopyField label={en.secret.curl} value={curl} rows={6} />
        <label class="check">
          <input type="checkbox" checked={stored} onChange={(event) => setStored(event.currentTarget.checked)} />
          {en.secret.stored}
        </label>
        <div class="actions">
          <button type="button" class="primary" disabled={!stored} onClick={onClose}>
            {en.secret.done}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
