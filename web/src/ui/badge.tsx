import { ApiKey_State } from "../gen/satcap/v1/api_key_pb";
import { en } from "../i18n/en";

const TONES: Record<ApiKey_State, string> = {
  [ApiKey_State.UNSPECIFIED]: "muted",
  [ApiKey_State.ACTIVE]: "ok",
  [ApiKey_State.PAUSED]: "watch",
  [ApiKey_State.REVOKED]: "muted",
  [ApiKey_State.EXPIRED]: "muted",
};

export function StateBadge({ state }: { state: ApiKey_State }) {
  return <span class={`badge ${TONES[state] ?? "muted"}`}>{en.states[state] ?? en.unknown}</span>;
}
