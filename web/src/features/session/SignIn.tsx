// The page of those who are not signed in.
import { useId, useState, type FormEvent } from "react";
import { server } from "../../api/transport";
import { t } from "../../i18n/en";
import { Problem } from "../../ui/Problem";
import { useAction } from "../../ui/useAction";
import { session, useSession } from "./session";

export function SignIn() {
  const { settings, notice, embedded } = useSession();
  return (
    <main className="signin" id="main">
      <h1>{t.session.title}</h1>
      <p className="lead">{t.session.lead}</p>
      {notice && (
        <p className="note warn" role="alert">
          {t.session[notice]}{" "}
          {notice === "unavailable" && (
            <button type="button" className="link" onClick={() => void session.start()}>
              {t.retry}
            </button>
          )}
        </p>
      )}
      {embedded && <p className="note">{t.session.embedded}</p>}
      {settings.signIn === "development" && <p className="note">{t.session.development}</p>}
      {settings.signIn === "oidc" && (
        // A link and not a fetch: the provider's page takes over the window.
        <a className="button primary" href={`${server}/session/login`}>
          {t.session.oidc}
        </a>
      )}
      {settings.signIn !== "token" && <p className="or">{t.session.or}</p>}
      <TokenForm />
    </main>
  );
}

function TokenForm() {
  const id = useId();
  const [token, setToken] = useState("");
  const [refused, setRefused] = useState(false);
  const action = useAction();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setRefused(false);
    void action.run(async () => {
      const answer = await session.signInWithToken(token.trim());
      setRefused(answer === "refused");
    });
  };
  return (
    <form onSubmit={submit}>
      <div className="field">
        <label htmlFor={id}>{t.session.tokenLabel}</label>
        <input
          id={id}
          className="mono"
          type="password"
          autoComplete="off"
          spellCheck={false}
          value={token}
          aria-invalid={refused}
          aria-describedby={`${id}-help`}
          onInput={(e) => setToken(e.currentTarget.value)}
        />
        <p className="help" id={`${id}-help`}>
          {t.session.tokenHelp}
        </p>
      </div>
      {refused && (
        <p className="note bad" role="alert">
          {t.session.tokenRefused}
        </p>
      )}
      {action.error !== undefined && <Problem error={action.error} />}
      <button type="submit" className="primary" disabled={token.trim() === "" || action.busy}>
        {t.session.tokenSubmit}
      </button>
    </form>
  );
}
