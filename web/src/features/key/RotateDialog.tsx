// Gives a key another secret; the old one goes on for a while.
import { useId, useState } from "react";
import { keyClient } from "../../api/transport";
import type { ApiKey } from "../../gen/satcap/v1/api_key_pb";
import { t } from "../../i18n/en";
import { newRequestId } from "../create/form";
import { SecretOnce } from "../create/SecretOnce";
import { Confirm } from "./Confirm";

const graces = Object.keys(t.key.rotate.graces).map(Number);

// Rotations whose answer did not come, by key: while it may have happened, the next
// one is that one again. Another would stop the secret that is in use.
const unanswered = new Map<string, { requestId: string; graceSeconds: number }>();

export function RotateDialog({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const id = useId();
  const { apiKeyId, name } = apiKey;
  const [before] = useState(() => unanswered.get(apiKeyId));
  const [graceSeconds, setGrace] = useState(before?.graceSeconds ?? 3600);
  // Made when the dialog opens: trying again is the same rotation.
  const [requestId] = useState(before?.requestId ?? newRequestId);
  const [secret, setSecret] = useState("");
  // A rotation that may have happened keeps the grace that it was asked for.
  const [tried, setTried] = useState(before !== undefined);
  const [unsure, setUnsure] = useState(before !== undefined);
  const [rotated, setRotated] = useState(false);
  const words = t.key.rotate;
  const work = async () => {
    setTried(true);
    unanswered.set(apiKeyId, { requestId, graceSeconds });
    const reply = await keyClient.rotateApiKey({ apiKeyId, graceSeconds, requestId }).finally(() => setUnsure(true));
    unanswered.delete(apiKeyId);
    setSecret(reply.secret);
    return reply.apiKey;
  };
  if (rotated) return <SecretOnce title={words.done} secret={secret} apiKeyId={apiKeyId} onDone={onClose} />;
  return (
    <Confirm title={words.title(name)} button={words.action} done={words.done} work={work} onClose={onClose} onDone={() => setRotated(true)}>
      <p>{words.text}</p>
      {unsure && <p className="note warn">{words.unsure}</p>}
      <div className="field">
        <label htmlFor={id}>{words.grace}</label>
        <select id={id} disabled={tried} value={graceSeconds} onChange={(e) => setGrace(Number(e.currentTarget.value))}>
          {graces.map((seconds) => (
            <option key={seconds} value={seconds}>
              {words.graces[seconds]}
            </option>
          ))}
        </select>
      </div>
    </Confirm>
  );
}
