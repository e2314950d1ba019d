// Words of the limits form.
import type { ParseProblem } from "../lib/sats";

export const limits = {
  edit: "Edit limits",
  title: (name: string) => `Limits of “${name}”`,
  lead: "Rolling windows: what was spent counts until exactly so long ago. An empty field is no limit.",
  placeholder: "no limit",
  save: "Save limits",
  saving: "Saving …",
  saved: "Limits saved.",
  inWindow: (window: string) => `Limit in ${window}`,
  used: (amount: string) => `${amount} used`,
  after: (amount: string) => `leaves ${amount}`,
  equals: (amount: string) => `= ${amount}`,
  problem: {
    empty: "Type an amount.",
    unreadable: "Write an amount such as 100k, 1,000,000 or 0.01 BTC.",
    fraction: "There is nothing smaller than 1 sat: this amount is not a whole number of sats.",
    tooSmall: "At least 1 sat. To stop the key, pause it; for no limit, leave the field empty.",
    tooLarge: "More than all the bitcoin there is: at most 2,100,000,000,000,000 sats.",
  } satisfies Record<ParseProblem, string>,
  warnBelow: "Less than is used already: blocked at once, until enough has left the window.",
  warnShadowed: (shorter: string, longer: string) =>
    `The limit in ${shorter} is not below the one in ${longer}, so it can never be the one that stops a payment.`,
  warnNone: "Without any limit this key can spend without bound.",
  confirmTitle: "This lets the key spend more",
  raise: (window: string, from: string, to: string) => `${window}: ${from} → ${to}`,
  confirm: "Yes, let it spend more",
  back: "Back",
  conflictTitle: "Changed meanwhile",
  conflictLine: (window: string, from: string, to: string) => `${window}: ${from} → ${to}`,
  conflictKept: "What you typed is kept; fields that you had not touched show the new values.",
  conflictBusy: "The key is being used so fast that the save could not be matched to what you saw. Try again.",
  noLimit: "no limit",
  takeTheirs: "Take the new values",
};
