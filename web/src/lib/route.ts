import { useEffect, useState } from "react";

export type KeyTab = "overview" | "history" | "changes";
export type Route = { page: "keys" } | { page: "key"; id: string; tab: KeyTab };

const TABS: readonly string[] = ["history", "changes"];

/** Reads a fragment. What is not understood is the list of keys. */
export function parseRoute(hash: string): Route {
  const [, page, id, tab = "overview"] = hash.replace(/^#/, "").split("/");
  if (page !== "keys" || !id) return { page: "keys" };
  return { page: "key", id: safeDecode(id), tab: TABS.includes(tab) ? (tab as KeyTab) : "overview" };
}

export function href(route: Route): string {
  if (route.page === "keys") return "#/keys";
  const tab = route.tab === "overview" ? "" : `/${route.tab}`;
  return `#/keys/${encodeURIComponent(route.id)}${tab}`;
}

export function go(route: Route): void {
  location.hash = href(route);
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const read = () => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", read);
    return () => removeEventListener("hashchange", read);
  }, []);
  return route;
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
