// Revokes a key, for good: so its name has to be typed.
import { useId, useState } from "react";
import { keyClient } from "../../api/transport";
import type { ApiKey } from "../../gen/satcap/v1/api_key_pb";
import { t } from "../../i18n/en";
import { dateOf, formatSpan } from "../../lib/time";
import { Confirm, Holds } from "./Confirm";

// asSeen is how a name looks: blanks in a row are one on the screen, and nobody
// can type what cannot be seen.
const asSeen = (text: string) => text.normalize().replace(/\s+/g, " ").trim();

export function RevokeDialog({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const id = useId();
  const [typed, setTyped] = useState("");
  const { apiKeyId, name } = apiKey;
  const used = dateOf(apiKey.lastUseTime);
  return (
    <Confirm
      title={t.key.revoke.title(name)}
      button={t.key.revoke.action}
      done={t.key.revoke.done}
      danger
      disabled={asSeen(typed) !== asSeen(name)}
      work={async () => (await keyClient.revokeApiKey({ apiKeyId })).apiKey}
      onClose={onClose}
    >
      <p>
        {t.key.revoke.text} {used && t.key.revoke.used(formatSpan(used))}
      </p>
      <Holds apiKey={apiKey} />
      <div className="field">
        <label htmlFor={id}>{t.key.revoke.type(name)}</label>
        <input id={id} autoComplete="off" spellCheck={false} value={typed} onInput={(e) => setTyped(e.currentTarget.value)} />
      </div>
    </Confirm>
  );
}
