// What stands in place of the list while there are no keys.
import { server } from "../../api/transport";
import { t } from "../../i18n/en";
import { CopyField } from "../../ui/CopyField";

export function EmptyKeys({ onCreate }: { onCreate: () => void }) {
  const body = JSON.stringify({
    name: "My first key",
    scopes: ["SCOPE_READ", "SCOPE_WRITE"],
    limits: [{ window: "LIMIT_WINDOW_DAILY", limitSats: "100000" }],
  });
  const curl = [
    `curl ${server}/satcap.v1.ApiKeyService/CreateApiKey \\`,
    `  -H "Authorization: Bearer $SATCAP_TOKEN" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d '${body}'`,
  ].join("\n");
  return (
    <section className="empty">
      <h2>{t.keys.emptyTitle}</h2>
      <p>{t.keys.emptyText}</p>
      <button type="button" className="primary" onClick={onCreate}>
        {t.keys.create}
      </button>
      <CopyField label={t.keys.emptyCurl} value={curl} rows={4} />
    </section>
  );
}
