// All the words of the page. A second language is a second set of these files.
import { create } from "./en-create";
import { errors } from "./en-errors";
import { key } from "./en-key";
import { limits } from "./en-limits";
import { session } from "./en-session";

type Span = "s" | "min" | "h" | "d";

export const t = {
  appName: "satcap",
  skip: "Skip to the content",
  loading: "Loading",
  close: "Close",
  cancel: "Cancel",
  retry: "Try again",
  copy: "Copy",
  copied: "Copied",
  copyFailed: "Select it and copy by hand",
  loadMore: "Show more",
  unknownPage: "There is nothing at this address.",
  toKeys: "Keys",
  never: "never",

  unit: {
    label: "Amounts in",
    sats: "sats",
    btc: "BTC",
  },

  windows: {
    // Rolling windows: never "today" or "this month".
    name: { day: "24 hours", week: "7 days", month: "30 days", year: "365 days" },
    short: { day: "24 h", week: "7 d", month: "30 d", year: "365 d" },
    last: { day: "Last 24 hours", week: "Last 7 days", month: "Last 30 days", year: "Last 365 days" },
  },

  time: {
    tomorrow: (time: string) => `tomorrow ${time}`,
    yesterday: (time: string) => `yesterday ${time}`,
    onDay: (day: string, time: string) => `${day}, ${time}`,
    inSpan: (n: number, unit: Span) => `in ${n} ${unit}`,
    ago: (n: number, unit: Span) => `${n} ${unit} ago`,
    now: "now",
    // A moment within a sentence.
    at: (time: string) => `at ${time}`,
    tomorrowAt: (time: string) => `tomorrow at ${time}`,
    on: (moment: string) => `on ${moment}`,
  },

  states: { 0: "Unknown", 1: "Active", 2: "Paused", 3: "Revoked", 4: "Expired" } as Record<number, string>,
  scopes: { 0: "unknown", 1: "read", 2: "receive", 3: "write" } as Record<number, string>,
  scopeHelp: {
    1: "Reads balances, history and its own usage",
    2: "Creates invoices and addresses",
    3: "Spends, within its limits",
  } as Record<number, string>,
  level: { ok: "within limits", watch: "over 70 %", near: "over 90 %", blocked: "limit reached" },

  meter: {
    // Read out by screen readers, hence no abbreviations.
    value: (used: string, limit: string, percent: number) => `${used} of ${limit} satoshis used, ${percent} percent`,
    unlimited: (used: string) => `${used} satoshis used, no limit`,
    words: (used: string, limit: string, unit: string, window: string) => `${used} of ${limit} ${unit} in ${window}`,
    left: "left",
  },

  keys: {
    title: "API keys",
    create: "Create key",
    search: "Search by name, prefix or id",
    sort: "Sort by",
    sorts: { newest: "Newest", name: "Name", used: "Closest to a limit", lastUse: "Last used" },
    filters: {
      all: "All",
      blocked: "Blocked",
      near: "Near a limit",
      unlimited: "No limits",
      paused: "Paused",
      ended: "Revoked or expired",
    },
    filterLabel: "Show",
    columns: { name: "Key", state: "State", limit: "Closest limit", left: "Fits now", scopes: "Scopes", used: "Last used" },
    noLimit: "No limits: can spend without bound",
    anyAmount: "any amount",
    again: (amount: string, when: string) => `${amount} ${when}`,
    neverUsed: "never used",
    count: (shown: string, loaded: string) =>
      `${shown} of ${loaded} ${loaded === "1" ? "key" : "keys"}`,
    searchingRest: "Loading the rest of the keys …",
    noMatch: "No key matches.",
    clear: "Show all keys",
    emptyTitle: "No keys yet",
    emptyText: "A key lets a program pay from your account. It gets limits at birth, so that a leak or a bug costs what you decided and no more.",
    emptyCurl: "Or from a terminal:",
  },

  live: {
    stream: "Live",
    poll: "Up to date",
    stale: (span: string) => `Stale, last answer ${span}`,
    noAnswer: "Stale: the server does not answer",
    title: (time: string) => `Last answer at ${time}`,
  },

  create,
  errors,
  key,
  limits,
  session,
};
