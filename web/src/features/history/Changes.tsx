// Who changed which limit, and when.
import { useChanges } from "../../api/queries";
import { t } from "../../i18n/en";
import { dateOf } from "../../lib/time";
import { rowOf } from "../../lib/windows";
import { useAmountText } from "../../ui/Amount";
import { Problem } from "../../ui/Problem";
import { Time } from "../../ui/Time";
import { More } from "./More";

const words = t.key.changes;

export function Changes({ apiKeyId }: { apiKeyId: string }) {
  const query = useChanges(apiKeyId);
  const amount = useAmountText();
  const changes = query.data?.pages.flatMap((page) => page.changes) ?? [];
  const limit = (sats: bigint | undefined) => (sats === undefined ? t.limits.noLimit : amount(sats));
  return (
    <section className="panel">
      <header>
        <h2>{words.title}</h2>
      </header>
      {query.isError && <Problem error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <div className="bone plot" aria-hidden="true" />}
      {query.data && changes.length === 0 && <p className="nothing">{words.empty}</p>}
      {changes.length > 0 && (
        <table className="stack">
          <thead>
            <tr>
              <th scope="col">{words.columns.time}</th>
              <th scope="col">{words.columns.window}</th>
              <th scope="col">{words.columns.change}</th>
              <th scope="col">{words.columns.who}</th>
            </tr>
          </thead>
          <tbody>
            {changes.map((change) => {
              const at = dateOf(change.changeTime);
              const row = rowOf(change.window);
              return (
                <tr key={`${change.revision}/${change.window}`}>
                  <td className="fit" data-label={words.columns.time}>{at && <Time at={at} />}</td>
                  <td data-label={words.columns.window}>{row ? t.windows.name[row.slug] : change.window}</td>
                  <td data-label={words.columns.change}>
                    {limit(change.oldLimitSats)} → <strong>{limit(change.newLimitSats)}</strong>
                  </td>
                  <td data-label={words.columns.who}>{words.by(change.subject, change.authentication)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
      <More query={query} />
    </section>
  );
}
