import { useMutation } from "@connectrpc/connect-query";
import { useState } from "react";
import { refreshList, storeKey } from "../../api/queries";
import { ApiKey_Scope } from "../../gen/satcap/v1/api_key_pb";
import { ApiKeyService, type CreateApiKeyResponse } from "../../gen/satcap/v1/api_key_service_pb";
import { en } from "../../i18n/en";
import { newId } from "../../lib/id";
import { go } from "../../lib/route";
import { timestampOf } from "../../lib/time";
import { WINDOWS } from "../../lib/windows";
import { Dialog } from "../../ui/dialog";
import { useFormat } from "../../ui/format";
import { Failed, Notice } from "../../ui/notice";
import { PRESETS, presetDraft, readDraft } from "../limits/draft";
import { LimitFields } from "../limits/fields";
import { EXPIRIES, type Expiry, expireTime, firstCustom } from "./expiry";
import { SecretDialog } from "./secret-dialog";

const SCOPES = [ApiKey_Scope.READ, ApiKey_Scope.RECEIVE, ApiKey_Scope.WRITE] as const;

export function CreateDialog({ onClose }: { onClose: () => void }) {
  const { unit } = useFormat();
  const [requestId] = useState(newId);
  const [openedAt] = useState(Date.now);
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<ApiKey_Scope[]>([ApiKey_Scope.READ, ApiKey_Scope.WRITE]);
  const [expiry, setExpiry] = useState<Expiry>("90");
  const [custom, setCustom] = useState(() => firstCustom(Date.now()));
  const [draft, setDraft] = useState(() => presetDraft(PRESETS[1], unit));
  const [touched, setTouched] = useState(false);
  const [made, setMade] = useState<CreateApiKeyResponse>();
  const create = useMutation(ApiKeyService.method.createApiKey, {
    // The secret stays in this component and in no cache.
    gcTime: 0,
    onSuccess: (response) => {
      if (response.apiKey) storeKey(response.apiKey);
      void refreshList();
      setMade(response);
      create.reset();
    },
  });

  if (made?.apiKey) {
    const open = () => go({ page: "key", id: made.apiKey?.apiKeyId ?? "", tab: "overview" });
    const done = () => {
      onClose();
      open();
    };
    if (made.secret) return <SecretDialog apiKey={made.apiKey} secret={made.secret} onClose={done} />;
    return (
      <Dialog title={en.create.title} onClose={onClose}>
        <div class="stack">
          <Notice tone="warning">{en.create.again}</Notice>
          <div class="actions">
            <button type="button" class="primary" onClick={done}>
              {en.create.open}
            </button>
          </div>
        </div>
      </Dialog>
    );
  }

  const reading = readDraft(draft, unit);
  // The time that the form was opened decides, so that a retry is the same request.
  const expires = expireTime(expiry, custom, openedAt);
  const nameOk = name.trim() !== "" && [...name.trim()].length <= 128;
  const unlimited = reading.valid && WINDOWS.every((row) => reading.limits[row.id] === undefined);

  function submit(event: Event) {
    event.preventDefault();
    setTouched(true);
    if (!nameOk || scopes.length === 0 || expires === "problem" || !reading.valid || create.isPending) return;
    create.mutate({
      name: name.trim(),
      scopes,
      requestId,
      expireTime: expires && timestampOf(expires),
      limits: WINDOWS.flatMap((row) => {
        const limitSats = reading.limits[row.id];
        return limitSats === undefined ? [] : [{ window: row.window, limitSats }];
      }),
    });
  }

  return (
    <Dialog title={en.create.title} onClose={onClose} locked={create.isPending} wide>
      <form class="stack form" noValidate onSubmit={submit}>
        <div class="field">
          <label for="key-name">{en.create.name}</label>
          <input
            id="key-name"
            data-autofocus
            autoComplete="off"
            placeholder={en.create.namePlaceholder}
            value={name}
            aria-invalid={touched && !nameOk ? "true" : undefined}
            aria-describedby="key-name-problem"
            onInput={(event) => setName(event.currentTarget.value)}
          />
          <p id="key-name-problem" class="problem">
            {touched && !nameOk && en.create.nameProblem}
          </p>
        </div>
        <fieldset>
          <legend>{en.create.scopes}</legend>
          {SCOPES.map((scope) => (
            <label class="check" key={scope}>
              <input
                type="checkbox"
                checked={scopes.includes(scope)}
                onChange={(event) =>
                  setScopes(SCOPES.filter((s) => (s === scope ? event.currentTarget.checked : scopes.includes(s))))
                }
              />
              <span>
                {en.scopes[scope]} <span class="muted small">{en.scopeHelp[scope]}</span>
              </span>
            </label>
          ))}
          {touched && scopes.length === 0 && <p class="problem">{en.create.scopesProblem}</p>}
        </fieldset>
        <div class="field">
          <label for="key-expiry">{en.create.expiry}</label>
          <div class="row">
            <select id="key-expiry" value={expiry} onChange={(event) => setExpiry(event.currentTarget.value as Expiry)}>
              {EXPIRIES.map((e) => (
                <option key={e} value={e}>
                  {en.create.expiries[e]}
                </option>
              ))}
            </select>
            {expiry === "custom" && (
              <input
                type="datetime-local"
                class="auto"
                aria-label={en.create.expiry}
                value={custom}
                onInput={(event) => setCustom(event.currentTarget.value)}
              />
            )}
          </div>
          {touched && expires === "problem" && <p class="problem">{en.create.expiryProblem}</p>}
        </div>
        <fieldset class="stack">
          <legend>{en.create.limits}</legend>
          <LimitFields draft={draft} onDraft={setDraft} reading={reading} touched={touched} />
          {unlimited && <Notice tone="warning">{en.create.withoutLimits}</Notice>}
        </fieldset>
        <Failed error={create.error} />
        <div class="actions">
          <button type="button" disabled={create.isPending} onClick={onClose}>
            {en.cancel}
          </button>
          <button class="primary" disabled={create.isPending}>
            {create.isPending ? en.loading : en.create.submit}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
