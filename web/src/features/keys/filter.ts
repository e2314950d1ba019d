import { type ApiKey, ApiKey_State } from "../../gen/satcap/v1/api_key_pb";
import { permille } from "../../lib/sats";
import { msOf } from "../../lib/time";
import { closestWindow, usedOf } from "../../lib/windows";

export const SORTS = ["newest", "tightest", "name", "used"] as const;
export type Sort = (typeof SORTS)[number];
export type Filter = { text: string; sort: Sort; ended: boolean };

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** What the list shows of the keys that are loaded. They come newest first. */
export function filterKeys(keys: readonly ApiKey[], filter: Filter): ApiKey[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = keys.filter((key) => {
    if (!filter.ended && isEnded(key)) return false;
    const text = `${key.name} ${key.secretPrefix}`.toLowerCase();
    // A few digits are in many ids by chance: an id is found by its beginning.
    return words.every((word) => text.includes(word) || (word.length >= 8 && key.apiKeyId.startsWith(word)));
  });
  switch (filter.sort) {
    case "newest":
      return shown;
    case "tightest":
      return shown.sort((a, b) => shareOf(b) - shareOf(a));
    case "name":
      return shown.sort((a, b) => collator.compare(a.name, b.name));
    case "used":
      return shown.sort((a, b) => lastUse(b) - lastUse(a));
  }
}

export function isEnded(key: ApiKey): boolean {
  return key.state === ApiKey_State.REVOKED || key.state === ApiKey_State.EXPIRED;
}

function shareOf(key: ApiKey): number {
  const closest = closestWindow(key.usage);
  return closest ? permille(usedOf(closest), closest.limitSats ?? 0n) : -1;
}

function lastUse(key: ApiKey): number {
  return key.lastUseTime ? msOf(key.lastUseTime) : 0;
}
