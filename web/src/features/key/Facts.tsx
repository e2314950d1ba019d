// What is known of a key besides what it may spend.
import type { ApiKey } from "../../gen/satcap/v1/api_key_pb";
import { t } from "../../i18n/en";
import { dateOf } from "../../lib/time";
import { Scopes } from "../../ui/State";
import { Time } from "../../ui/Time";

export function Facts({ apiKey: key }: { apiKey: ApiKey }) {
  const created = dateOf(key.createTime);
  const expires = dateOf(key.expireTime);
  const used = dateOf(key.lastUseTime);
  return (
    <dl className="facts">
      <div>
        <dt>{t.keys.columns.scopes}</dt>
        <dd>
          <Scopes scopes={key.scopes} />
        </dd>
      </div>
      <div>
        <dt>{t.key.prefix}</dt>
        <dd className="mono">{key.secretPrefix}</dd>
      </div>
      <div>
        <dt>{t.key.lastUsed}</dt>
        <dd>{used ? <Time at={used} span /> : t.never}</dd>
      </div>
      <div>
        <dt>{t.key.expires}</dt>
        <dd>{expires ? <Time at={expires} /> : t.never}</dd>
      </div>
      <div>
        <dt>{t.key.created}</dt>
        <dd>{created && <Time at={created} />}</dd>
      </div>
      <div>
        <dt>{t.key.id}</dt>
        <dd className="mono">{key.apiKeyId}</dd>
      </div>
    </dl>
  );
}
