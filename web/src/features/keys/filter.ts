// Which keys the list shows, and in which order. Pure, for it is tested.
import { ApiKey_State, type ApiKey } from "../../gen/satcap/v1/api_key_pb";
import { shareOf } from "../../lib/sats";
import { bindingOf, levelOf, usedOf } from "../../lib/windows";

export const FILTERS = ["all", "blocked", "near", "unlimited", "paused", "ended"] as const;
export type Filter = (typeof FILTERS)[number];

export const SORTS = ["newest", "name", "used", "lastUse"] as const;
export type Sort = (typeof SORTS)[number];

// groupOf is what a key needs attention for, if for anything. Each key is in
// one group, so that the counts add up.
export function groupOf(key: ApiKey): Filter | "fine" {
  if (key.state === ApiKey_State.REVOKED || key.state === ApiKey_State.EXPIRED) return "ended";
  if (key.state === ApiKey_State.PAUSED) return "paused";
  const binding = bindingOf(key.usage);
  if (!binding) return "unlimited";
  const level = levelOf(binding);
  return level === "blocked" ? "blocked" : level === "ok" ? "fine" : "near";
}

export function countGroups(keys: readonly ApiKey[]): Record<Filter, number> {
  const counts: Record<Filter, number> = { all: keys.length, blocked: 0, near: 0, unlimited: 0, paused: 0, ended: 0 };
  for (const key of keys) {
    const group = groupOf(key);
    if (group !== "fine") counts[group]++;
  }
  return counts;
}

export function selectKeys(keys: readonly ApiKey[], search: string, filter: Filter, sort: Sort): ApiKey[] {
  const wanted = search.trim().toLocaleLowerCase();
  const chosen = keys.filter(
    (key) =>
      (filter === "all" || groupOf(key) === filter) &&
      (wanted === "" ||
        key.name.toLocaleLowerCase().includes(wanted) ||
        key.secretPrefix.toLocaleLowerCase().includes(wanted) ||
        key.apiKeyId.startsWith(wanted)),
  );
  // The server's order is newest first; sort is stable, so it breaks the ties.
  if (sort === "name") {
    const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
    chosen.sort((a, b) => collator.compare(a.name, b.name));
  }
  if (sort === "used") {
    const shares = new Map(chosen.map((key) => [key, urgency(key)]));
    chosen.sort((a, b) => (shares.get(b) ?? 0) - (shares.get(a) ?? 0));
  }
  if (sort === "lastUse") chosen.sort((a, b) => lastUse(b) - lastUse(a));
  return chosen;
}

// urgency puts keys that can spend before those that cannot.
function urgency(key: ApiKey): number {
  if (key.state !== ApiKey_State.ACTIVE) return -1;
  const binding = bindingOf(key.usage);
  return binding?.limitSats === undefined ? 0 : shareOf(usedOf(binding), binding.limitSats);
}

const lastUse = (key: ApiKey): number => Number(key.lastUseTime?.seconds ?? -1n);
