import type { ApiKey } from "../../gen/satcap/v1/api_key_pb";
import { en } from "../../i18n/en";
import { href } from "../../lib/route";
import { closestWindow, rowOf, toneOf, usedOf, verdictOf } from "../../lib/windows";
import { StateBadge } from "../../ui/badge";
import { Time } from "../../ui/clock";
import { useFormat } from "../../ui/format";
import { Meter } from "../../ui/meter";
import { isEnded } from "./filter";

export function KeyRow({ apiKey }: { apiKey: ApiKey }) {
  return (
    <li class={isEnded(apiKey) ? "key ended" : "key"}>
      <div class="who">
        <a href={href({ page: "key", id: apiKey.apiKeyId, tab: "overview" })}>{apiKey.name}</a>
        <span class="small muted">
          <code>{apiKey.secretPrefix}…</code> {apiKey.scopes.map((scope) => en.scopes[scope] ?? en.unknown).join(", ")}
        </span>
      </div>
      <div>
        <StateBadge state={apiKey.state} />
      </div>
      <Tightest apiKey={apiKey} />
      <div class="small muted used">
        <span class="hidden">{en.list.columns.used} </span>
        {apiKey.lastUseTime ? <Time at={apiKey.lastUseTime} /> : en.never}
      </div>
    </li>
  );
}

/** The window that stops the key first, as a bar and in words. */
function Tightest({ apiKey }: { apiKey: ApiKey }) {
  const { amount } = useFormat();
  const verdict = verdictOf(apiKey.usage);
  if (verdict.kind === "unlimited") {
    return <div class={isEnded(apiKey) ? "muted" : "tone watch"}>{en.noLimits}</div>;
  }
  const usage = verdict.kind === "blocked" ? verdict.usage : (closestWindow(apiKey.usage) ?? verdict.usage);
  const tone = toneOf(usage) ?? "ok";
  const text = en.usedOf(amount(usedOf(usage)).replace(/ sats$/, ""), amount(usage.limitSats ?? 0n), en.windows[rowOf(usage.window).id].short);
  return (
    <div class="tightest">
      <Meter usage={usage} />
      <span class="small">
        {text}
        {tone !== "ok" && <span class={`tone ${tone}`}> · {en.tones[tone]}</span>}
      </span>
    </div>
  );
}
