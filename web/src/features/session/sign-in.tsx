import { useState } from "react";
import { en } from "../../i18n/en";
import { Notice } from "../../ui/notice";
import { loginUrl } from "./session";
import type { SessionState } from "./use-session";

type Out = Extract<SessionState, { kind: "out" }>;

export function SignIn({ state, onToken }: { state: Out; onToken: (token: string) => Promise<void> }) {
  const [busy, setBusy] = useState(false);
  const { signIn, embedOrigins } = state.ui;
  const embedded = window.parent !== window && embedOrigins.length > 0;
  return (
    <section class="sign-in stack">
      <h1>{en.session.title}</h1>
      {state.problem && <Notice tone="error">{en.session[state.problem]}</Notice>}
      {embedded && <p>{en.session.embed}</p>}
      {signIn === "development" && <p>{en.session.development}</p>}
      {signIn === "oidc" && (
        <a class="button primary" href={loginUrl()}>
          {en.session.oidc}
        </a>
      )}
      {signIn !== "oidc" && (
        <form
          class="stack"
          onSubmit={async (event) => {
            event.preventDefault();
            const token = String(new FormData(event.currentTarget).get("token") ?? "");
            if (!token.trim() || busy) return;
            setBusy(true);
            await onToken(token);
            setBusy(false);
          }}
        >
          <div class="field">
            <label for="token">{en.session.token}</label>
            <input id="token" name="token" type="password" autoComplete="off" spellcheck={false} required aria-describedby="token-help" />
            <p id="token-help" class="small muted">
              {en.session.tokenHelp}
            </p>
          </div>
          <button class="primary" disabled={busy}>
            {en.session.useToken}
          </button>
        </form>
      )}
    </section>
  );
}
