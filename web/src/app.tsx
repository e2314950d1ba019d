// The frame of all pages: who is signed in decides what is shown.
import { QueryClientProvider, useQueryClient } from "@tanstack/react-query";
import { useEffect, useLayoutEffect, useMemo, useRef } from "react";
import { createQueries } from "./api/queries";
import { KeyPage } from "./features/key/KeyPage";
import { KeysPage } from "./features/keys/KeysPage";
import { session, useSession } from "./features/session/session";
import { SignIn } from "./features/session/SignIn";
import { t } from "./i18n/en";
import { focusMain } from "./lib/focus";
import { keysHref, useRoute } from "./lib/route";
import { UnitSwitch } from "./ui/Amount";
import { Toasts, toast } from "./ui/Toast";

export function App() {
  const queries = useMemo(() => createQueries(session.ended), []);
  const { status } = useSession();
  // Another user may sign in next: nothing of this one stays.
  useEffect(() => {
    if (status === "out") queries.clear();
  }, [status, queries]);
  return (
    <QueryClientProvider client={queries}>
      <a className="skip" href="#main" onClick={skip}>
        {t.skip}
      </a>
      <TopBar />
      {status === "checking" && (
        <main id="main" className="page" aria-busy="true">
          <p role="status">{t.session.checking}</p>
        </main>
      )}
      {status === "out" && <SignIn />}
      {status === "in" && <Page />}
      <Toasts />
    </QueryClientProvider>
  );
}

// skip moves the focus without touching the hash, which is the route.
function skip(event: { preventDefault: () => void }): void {
  event.preventDefault();
  focusMain();
}

function Page() {
  const route = useRoute();
  const place = JSON.stringify(route);
  const first = useRef(true);
  // With the page and not after it: a Tab that comes at once must start there.
  useLayoutEffect(() => {
    // A new page starts at its top, for eyes and for screen readers.
    if (!first.current) {
      scrollTo(0, 0);
      focusMain();
    }
    first.current = false;
  }, [place]);
  if (route.page === "keys") return <KeysPage />;
  if (route.page === "key") return <KeyPage key={route.id} id={route.id} tab={route.tab} />;
  return (
    <main id="main" className="page">
      <h1>{t.unknownPage}</h1>
      <p className="nothing">
        <a href={keysHref}>{t.toKeys}</a>
      </p>
    </main>
  );
}

function TopBar() {
  const { status, subject } = useSession();
  const queries = useQueryClient();
  const signOut = async () => {
    queries.clear();
    if (!(await session.signOut())) toast(t.session.signOutFailed);
  };
  return (
    <header className="top">
      <a className="brand" href={keysHref}>
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path className="cap" d="M6 9h20" />
          <path d="M10 25v-7M16 25V15M22 25v-4" />
        </svg>
        {t.appName}
      </a>
      <UnitSwitch />
      {status === "in" && (
        <span className="who">
          {subject && (
            <span className="subject" title={t.session.signedInAs(subject)}>
              {subject}
            </span>
          )}
          <button type="button" onClick={() => void signOut()}>
            {t.session.signOut}
          </button>
        </span>
      )}
    </header>
  );
}
