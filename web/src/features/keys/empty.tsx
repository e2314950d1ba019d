import { API_URL } from "../../api/url";
import { en } from "../../i18n/en";
import { CopyField } from "../../ui/copy";

export function EmptyList({ onCreate }: { onCreate: () => void }) {
  const curl = [
    `curl ${API_URL}/satcap.v1.ApiKeyService/CreateApiKey`,
    `-H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json"`,
    `-d '{"name":"first","scopes":["SCOPE_READ","SCOPE_WRITE"],"limits":[{"window":"LIMIT_WINDOW_DAILY","limitSats":"100000"}]}'`,
  ].join(" \\\n  ");
  return (
    <section class="empty stack">
      <h2>{en.list.empty}</h2>
      <p>{en.list.emptyText}</p>
      <div>
        <button type="button" class="primary" onClick={onCreate}>
          {en.list.create}
        </button>
      </div>
      <CopyField label={en.list.emptyCurl} value={curl} rows={6} />
    </section>
  );
}
