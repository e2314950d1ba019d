// The create form's content, and the request that it becomes. Pure, for it is tested.
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { ApiKey_Scope } from "../../gen/satcap/v1/api_key_pb";
import type { Unit } from "../../lib/sats";
import { WINDOWS, type Slug } from "../../lib/windows";
import { draftOf, hasProblem, readDraft, type Draft, type Limits } from "../limits/model";

export const EXPIRY_DAYS = [30, 90, 365] as const;
export type Expiry = (typeof EXPIRY_DAYS)[number] | "custom" | "never";

export interface CreateForm {
  name: string;
  scopes: ApiKey_Scope[];
  expiry: Expiry;
  // yyyy-mm-dd, for "custom".
  day: string;
  limits: Draft;
}

export const SCOPES = [ApiKey_Scope.READ, ApiKey_Scope.RECEIVE, ApiKey_Scope.WRITE] as const;

const preset = (day?: bigint, week?: bigint, month?: bigint, year?: bigint): Limits => ({ day, week, month, year });

// Each longer window allows a few full shorter ones, and no more.
export const PRESETS = {
  small: preset(10_000n, 30_000n, 100_000n),
  medium: preset(100_000n, 300_000n, 1_000_000n),
  large: preset(1_000_000n, 3_000_000n, 10_000_000n),
  off: preset(),
} as const;
export type Preset = keyof typeof PRESETS;
export const PRESET_NAMES = Object.keys(PRESETS) as Preset[];

export const emptyForm = (unit: Unit): CreateForm => ({
  name: "",
  scopes: [ApiKey_Scope.READ, ApiKey_Scope.WRITE],
  expiry: 90,
  day: "",
  limits: draftOf(PRESETS.medium, unit),
});

export const presetOf = (limits: Draft, unit: Unit): Preset | undefined =>
  PRESET_NAMES.find((name) => {
    const typed = readDraft(limits, unit);
    return WINDOWS.every(({ slug }) => !typed[slug].problem && typed[slug].sats === PRESETS[name][slug]);
  });

export type NameProblem = "nameMissing" | "nameTooLong" | "nameUnseen";

// nameProblem is why the server would refuse a name, in the words of the form.
export function nameProblem(name: string): NameProblem | undefined {
  if (name === "") return "nameMissing";
  if ([...name].length > 128) return "nameTooLong";
  return /[\p{C}\p{Zl}\p{Zp}]/u.test(name) ? "nameUnseen" : undefined;
}

export interface Problems {
  name?: NameProblem;
  scopes?: "scopeMissing";
  expiry?: "expiryMissing" | "expiryPast";
  limits?: true;
}

export function problemsOf(form: CreateForm, unit: Unit, opened: Date): Problems {
  const problems: Problems = {};
  const name = nameProblem(form.name.trim());
  if (name) problems.name = name;
  if (form.scopes.length === 0) problems.scopes = "scopeMissing";
  if (form.expiry === "custom") {
    const at = expireTimeOf(form, opened);
    if (!at) problems.expiry = "expiryMissing";
    else if (at <= opened) problems.expiry = "expiryPast";
  }
  if (hasProblem(readDraft(form.limits, unit))) problems.limits = true;
  return problems;
}

// expireTimeOf counts from when the dialog opened and not from now: a retry
// must ask for the very same key.
export function expireTimeOf(form: CreateForm, opened: Date): Date | undefined {
  if (form.expiry === "never") return undefined;
  if (form.expiry !== "custom") return new Date(opened.getTime() + form.expiry * 86_400_000);
  const match = /^(\d{4,5})-(\d{2})-(\d{2})$/.exec(form.day);
  if (!match) return undefined;
  // The whole of the last day counts, where the user is.
  const at = new Date(Number(match[1]), Number(match[2]) - 1, Number(match[3]), 23, 59, 59);
  return Number.isNaN(at.getTime()) ? undefined : at;
}

export function requestOf(form: CreateForm, unit: Unit, opened: Date, requestId: string) {
  const reads = readDraft(form.limits, unit);
  const expireTime = expireTimeOf(form, opened);
  return {
    name: form.name.trim(),
    scopes: SCOPES.filter((scope) => form.scopes.includes(scope)),
    expireTime: expireTime && timestampFromDate(expireTime),
    limits: WINDOWS.flatMap(({ slug, window }) => {
      const limitSats = reads[slug as Slug].sats;
      return limitSats === undefined ? [] : [{ window, limitSats }];
    }),
    requestId,
  };
}

// newRequestId works on plain HTTP too, where crypto.randomUUID does not exist.
export function newRequestId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}
