// A key's state, and what it may do: never by colour alone.
import { ApiKey_State, type ApiKey_Scope } from "../gen/satcap/v1/api_key_pb";
import { t } from "../i18n/en";

const looks: Record<number, string> = {
  [ApiKey_State.ACTIVE]: "ok",
  [ApiKey_State.PAUSED]: "paused",
  [ApiKey_State.REVOKED]: "ended",
  [ApiKey_State.EXPIRED]: "ended",
};

export function StateBadge({ state }: { state: ApiKey_State }) {
  return <span className={`badge ${looks[state] ?? "ended"}`}>{t.states[state] ?? t.states[0]}</span>;
}

export function Scopes({ scopes }: { scopes: readonly ApiKey_Scope[] }) {
  return (
    <span className="scopes">
      {scopes.map((scope) => (
        <span key={scope} className="tag">
          {t.scopes[scope] ?? t.scopes[0]}
        </span>
      ))}
    </span>
  );
}
