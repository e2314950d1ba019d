// Gives a key another name.
import { useId, useState } from "react";
import { keyClient } from "../../api/transport";
import type { ApiKey } from "../../gen/satcap/v1/api_key_pb";
import { t } from "../../i18n/en";
import { nameProblem } from "../create/form";
import { Confirm } from "./Confirm";

export function RenameDialog({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const id = useId();
  const [name, setName] = useState(apiKey.name);
  const wanted = name.trim();
  const problem = nameProblem(wanted);
  const work = async () => (await keyClient.renameApiKey({ apiKeyId: apiKey.apiKeyId, name: wanted })).apiKey;
  return (
    <Confirm
      title={t.key.rename.title}
      button={t.key.rename.save}
      done={t.key.rename.done}
      disabled={wanted === apiKey.name || problem !== undefined}
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
          aria-invalid={problem !== undefined}
          onInput={(e) => setName(e.currentTarget.value)}
        />
        {problem && <p className="bad">{t.create[problem]}</p>}
      </div>
    </Confirm>
  );
}
