// Hash routes, so that the server needs no list of the page's addresses.
import { useSyncExternalStore } from "react";
import { isHeld } from "./hold";

export type KeyTab = "overview" | "history" | "changes";
export type Route = { page: "keys" } | { page: "key"; id: string; tab: KeyTab } | { page: "unknown" };

export function parseRoute(hash: string): Route {
  const parts = hash.replace(/^#\/?/, "").split("/").filter(Boolean);
  if (parts.length === 0 || (parts.length === 1 && parts[0] === "keys")) return { page: "keys" };
  const [root, rawId, tab] = parts;
  if (root !== "keys" || !rawId || parts.length > 3) return { page: "unknown" };
  const id = decode(rawId);
  if (id === undefined) return { page: "unknown" };
  if (tab === undefined) return { page: "key", id, tab: "overview" };
  if (tab === "history" || tab === "changes") return { page: "key", id, tab };
  return { page: "unknown" };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // "%" without digits: somebody else's link
  }
}

export const keysHref = "#/keys";
export const keyHref = (id: string, tab: KeyTab = "overview"): string =>
  `#/keys/${encodeURIComponent(id)}${tab === "overview" ? "" : `/${tab}`}`;

// The address that is shown. It is the browser's, except while the page is held.
let shown = "";

function subscribe(changed: () => void): () => void {
  const moved = () => {
    // Back and links did move the address: put it where the page still is.
    if (isHeld() && location.hash !== shown) history.pushState(null, "", shown || "#");
    changed();
  };
  addEventListener("hashchange", moved);
  return () => removeEventListener("hashchange", moved);
}

export function useRoute(): Route {
  return parseRoute(
    useSyncExternalStore(subscribe, () => {
      if (!isHeld()) shown = location.hash;
      return shown;
    }),
  );
}
