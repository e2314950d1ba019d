import { useQuery } from "@connectrpc/connect-query";
import { useState } from "react";
import { failureOf, hasReason } from "../../api/errors";
import { type ApiKey, ApiKey_State } from "../../gen/satcap/v1/api_key_pb";
import { ApiKeyService } from "../../gen/satcap/v1/api_key_service_pb";
import { en } from "../../i18n/en";
import { href, type KeyTab } from "../../lib/route";
import { WINDOWS, usageOf } from "../../lib/windows";
import { StateBadge } from "../../ui/badge";
import { Time } from "../../ui/clock";
import { Failed, Notice, Skeleton } from "../../ui/notice";
import { Freshness } from "../../ui/stale";
import { usePoll } from "../../ui/use-live";
import { LimitChanges } from "../history/limit-changes";
import { Spends } from "../history/spends";
import { EditLimits } from "../limits/edit-dialog";
import { KeyActions } from "./actions";
import { SpendChart } from "./chart";
import { useWatch } from "./use-watch";
import { VerdictLine } from "./verdict";
import { WindowCard } from "./window-card";

const TABS: readonly KeyTab[] = ["overview", "history", "changes"];

export function KeyPage({ id, tab }: { id: string; tab: KeyTab }) {
  const live = useWatch(id);
  const [editing, setEditing] = useState(false);
  const poll = usePoll();
  // While the watch brings news, the rest of the key is read now and then.
  const query = useQuery(ApiKeyService.method.getApiKey, { apiKeyId: id }, { refetchInterval: live && poll ? 60_000 : poll });
  const key = query.data?.apiKey;

  if (query.isPending) return <Skeleton rows={5} />;
  if (!key || (query.isError && hasReason(query.error, "API_KEY_NOT_FOUND"))) {
    return (
      <>
        <BackLink />
        {hasReason(query.error, "API_KEY_NOT_FOUND") || hasReason(query.error, "INVALID_ARGUMENT") ? (
          <Notice tone="error">{en.key.missing}</Notice>
        ) : (
          <Failed error={query.error} onRetry={() => void query.refetch()} />
        )}
      </>
    );
  }
  const mayEdit = key.state !== ApiKey_State.REVOKED;
  const edit = mayEdit ? () => setEditing(true) : undefined;
  return (
    <>
      <div class="stack tight">
        <div class="row spread">
          <BackLink />
          <Freshness updatedAt={query.dataUpdatedAt} failing={!live && (query.isError || query.failureCount > 0)} live={live} />
        </div>
        <div class="row spread">
          <div class="row title">
            <h1>{key.name}</h1>
            <StateBadge state={key.state} />
          </div>
          <div class="row">
            <KeyActions apiKey={key} onEditLimits={edit} />
          </div>
        </div>
        <VerdictLine apiKey={key} />
      </div>
      {query.isError && !live && !failureOf(query.error).offline && <Failed error={query.error} onRetry={() => void query.refetch()} />}
      <nav class="tabs" aria-label={key.name}>
        {TABS.map((t) => (
          <a key={t} href={href({ page: "key", id, tab: t })} aria-current={t === tab ? "page" : undefined}>
            {en.key.tabs[t]}
          </a>
        ))}
      </nav>
      {tab === "overview" && (
        <>
          <div class="cards">
            {WINDOWS.map((row) => {
              const usage = usageOf(key.usage, row);
              return usage && <WindowCard key={row.id} usage={usage} onEdit={edit} />;
            })}
          </div>
          <SpendChart id={id} />
          <Facts apiKey={key} />
        </>
      )}
      {tab === "history" && <Spends id={id} />}
      {tab === "changes" && <LimitChanges id={id} />}
      {editing && <EditLimits apiKey={key} onClose={() => setEditing(false)} />}
    </>
  );
}

function BackLink() {
  return (
    <a class="small" href={href({ page: "keys" })}>
      ← {en.key.back}
    </a>
  );
}

function Facts({ apiKey }: { apiKey: ApiKey }) {
  const rows = [
    [en.key.prefix, <code>{apiKey.secretPrefix}…</code>],
    [en.key.scopes, apiKey.scopes.map((scope) => en.scopes[scope] ?? en.unknown).join(", ")],
    [en.key.created, apiKey.createTime && <Time at={apiKey.createTime} style="both" />],
    [en.key.expires, apiKey.expireTime ? <Time at={apiKey.expireTime} style="both" /> : en.never],
    [en.key.lastUse, apiKey.lastUseTime ? <Time at={apiKey.lastUseTime} /> : en.never],
    [en.key.revokedAt, apiKey.revokeTime && <Time at={apiKey.revokeTime} style="both" />],
    [en.key.id, <code>{apiKey.apiKeyId}</code>],
  ] as const;
  return (
    <dl class="facts small">
      {rows.map(
        ([name, value]) =>
          value && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}
