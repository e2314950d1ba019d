import { TransportProvider } from "@connectrpc/connect-query";
import { QueryClientProvider } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { queryClient } from "./api/queries";
import { transport } from "./api/transport";
import { KeyPage } from "./features/key/key-page";
import { KeysPage } from "./features/keys/keys-page";
import { SignIn } from "./features/session/sign-in";
import { useSession } from "./features/session/use-session";
import { en } from "./i18n/en";
import { href, useRoute } from "./lib/route";
import { FormatProvider, useFormat } from "./ui/format";
import { Skeleton } from "./ui/notice";
import { ToastProvider } from "./ui/toast";

export function App() {
  return (
    <TransportProvider transport={transport}>
      <QueryClientProvider client={queryClient}>
        <FormatProvider>
          <ToastProvider>
            <Shell />
          </ToastProvider>
        </FormatProvider>
      </QueryClientProvider>
    </TransportProvider>
  );
}

function Shell() {
  const { state, useToken, signOut } = useSession();
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("main")?.focus();
        }}
      >
        {en.skip}
      </a>
      <header class="top">
        <div>
          <a class="brand" href={href({ page: "keys" })}>
            {en.title}
          </a>
          <UnitSwitch />
          {state.kind === "in" && (
            <>
              {state.subject && <span class="small muted">{state.subject}</span>}
              <button type="button" class="quiet" onClick={() => void signOut()}>
                {en.session.signOut}
              </button>
            </>
          )}
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {state.kind === "starting" && <Skeleton rows={4} />}
        {state.kind === "out" && <SignIn state={state} onToken={useToken} />}
        {state.kind === "in" && <Pages />}
      </main>
    </>
  );
}

function Pages() {
  const route = useRoute();
  const page = route.page === "key" ? route.id : "";
  const first = useRef(true);
  // A new page begins at its top, for the eye and for a screen reader.
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    scrollTo(0, 0);
    document.getElementById("main")?.focus();
  }, [page]);
  return route.page === "key" ? <KeyPage key={route.id} id={route.id} tab={route.tab} /> : <KeysPage />;
}

function UnitSwitch() {
  const { unit, setUnit } = useFormat();
  return (
    <div class="switch" role="group" aria-label={en.unit.label}>
      {(["sats", "btc"] as const).map((u) => (
        <button key={u} type="button" aria-pressed={u === unit} onClick={() => setUnit(u)}>
          {en.unit[u]}
        </button>
      ))}
    </div>
  );
}
