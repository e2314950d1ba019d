// Gives a key another name.
import { useId, useState } from "react";
import { keyClient } from "../../api/transport";
import type { ApiKey } from "../../gen/satcap/v1/api_key_pb";
import { t } from "../../i18n/en";
import { isTooLong } from "../create/form";
import { Confirm } from "./Confirm";

export function RenameDialog({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const id = useId();
  const [name, setName] = useState(apiKey.name);
  const wanted = name.trim();
  const tooLong = isTooLong(wanted);
  const work = async () => (await keyClient.renameApiKey({ apiKeyId: apiKey.apiKeyId, name: wanted })).apiKey;
  return (
    <Confirm
      title={t.key.rename.title}
      button={t.key.rename.save}
      done={t.key.rename.done}
      disabled={wanted === "" || wanted === apiKey.name || tooLong}
      work={work}
      onClose={onClose}
    >
      <div className="field">
        <label htmlFor={id}>{t.create.name}</label>
        <input
          id={id}
          autoFocus
          autoComplete="off"
          value={name}
          aria-invalid={tooLong}
          onInput={(e) => setName(e.currentTarget.value)}
        />
        {tooLong && <p className="bad">{t.create.nameTooLong}</p>}
      </div>
    </Confirm>
  );
}
