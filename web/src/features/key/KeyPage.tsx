// One key: the verdict first, then what it rests on.
import { useState } from "react";
import { useKey } from "../../api/queries";
import { t } from "../../i18n/en";
import { keyHref, keysHref, type KeyTab } from "../../lib/route";
import { useTitle } from "../../lib/title";
import { useVisible } from "../../lib/visible";
import { Freshness } from "../../ui/Freshness";
import { Problem } from "../../ui/Problem";
import { StateBadge } from "../../ui/State";
import { Changes } from "../history/Changes";
import { History } from "../history/History";
import { EditLimits } from "../limits/EditLimits";
import { Chart } from "./Chart";
import { Facts } from "./Facts";
import { KeyActions } from "./KeyActions";
import { useAround } from "./useAround";
import { useLive } from "./useLive";
import { VerdictLine } from "./VerdictLine";
import { WindowCards } from "./WindowCards";

const tabs: KeyTab[] = ["overview", "history", "changes"];
// The stream speaks every 15 s at least.
const streamEveryMs = 15_000;

export function KeyPage({ id, tab }: { id: string; tab: KeyTab }) {
  const live = useLive(id);
  const query = useKey(id, live.pollMs);
  const [editing, setEditing] = useState(false);
  const visible = useVisible();
  const key = query.data?.apiKey;
  useTitle(key?.name);
  useAround(id, key?.revision);
  const streamed = live.mode === "stream";

  return (
    <main id="main" className="page">
      <nav className="crumbs" aria-label={t.key.crumbs}>
        <a href={keysHref}>{t.keys.title}</a>
      </nav>
      {!key && <h1 className={query.isError ? undefined : "hidden"}>{t.key.untitled}</h1>}
      {query.isError && !key && <Problem error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton />}
      {key && (
        <>
          <header className="page-head key-head">
            <h1>{key.name}</h1>
            <StateBadge state={key.state} />
            {visible && (
              <Freshness
                mode={live.mode}
                at={Math.max(query.dataUpdatedAt, live.heardAt ?? 0)}
                everyMs={streamed ? streamEveryMs : 3_000}
                failing={!streamed && (query.isError || query.failureCount > 1)}
              />
            )}
            <KeyActions apiKey={key} onEditLimits={() => setEditing(true)} />
          </header>
          <VerdictLine apiKey={key} />
          <nav className="tabs" aria-label={t.key.tabsLabel}>
            {tabs.map((name) => (
              <a key={name} href={keyHref(id, name)} aria-current={name === tab ? "page" : undefined}>
                {t.key.tabs[name]}
              </a>
            ))}
          </nav>
          {tab === "overview" && (
            <>
              <WindowCards apiKey={key} onSetLimit={() => setEditing(true)} />
              <Chart apiKeyId={id} />
              <Facts apiKey={key} />
            </>
          )}
          {tab === "history" && <History apiKeyId={id} />}
          {tab === "changes" && <Changes apiKeyId={id} />}
          {editing && <EditLimits apiKey={key} onClose={() => setEditing(false)} />}
        </>
      )}
    </main>
  );
}

function Skeleton() {
  return (
    <div aria-busy="true">
      <p className="hidden" role="status">
        {t.loading}
      </p>
      <div className="bone title" aria-hidden="true" />
      <div className="bone line" aria-hidden="true" />
      <div className="cards" aria-hidden="true">
        {[0, 1, 2, 3].map((n) => (
          <div key={n} className="card bone" />
        ))}
      </div>
    </div>
  );
}
