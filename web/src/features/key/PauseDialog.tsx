// Pauses a key, or lets it go on.
import { keyClient } from "../../api/transport";
import type { ApiKey } from "../../gen/satcap/v1/api_key_pb";
import { t } from "../../i18n/en";
import { Confirm, Holds } from "./Confirm";

export function PauseDialog({ apiKey, resume, onClose }: { apiKey: ApiKey; resume: boolean; onClose: () => void }) {
  const { apiKeyId, name } = apiKey;
  const words = resume ? t.key.resume : t.key.pause;
  const work = async () => {
    const reply = resume ? await keyClient.resumeApiKey({ apiKeyId }) : await keyClient.pauseApiKey({ apiKeyId });
    return reply.apiKey;
  };
  return (
    <Confirm title={words.title(name)} button={words.action} done={words.done} work={work} onClose={onClose}>
      <p>{words.text}</p>
      <Holds apiKey={apiKey} />
    </Confirm>
  );
}
