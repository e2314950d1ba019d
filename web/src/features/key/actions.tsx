import { useState } from "react";
import { type ApiKey, ApiKey_State } from "../../gen/satcap/v1/api_key_pb";
import { en } from "../../i18n/en";
import { PauseDialog, RenameDialog, ResumeDialog, RevokeDialog } from "./action-dialogs";
import { RotateDialog } from "./rotate-dialog";

type Open = "pause" | "resume" | "rotate" | "rename" | "revoke";

/** What may be done with a key in its state. */
export function KeyActions({ apiKey, onEditLimits }: { apiKey: ApiKey; onEditLimits?: () => void }) {
  const [open, setOpen] = useState<Open>();
  const close = () => setOpen(undefined);
  const revoked = apiKey.state === ApiKey_State.REVOKED;
  const actions: Open[] = [
    ...(revoked ? [] : [apiKey.state === ApiKey_State.PAUSED ? ("resume" as const) : ("pause" as const), "rotate" as const]),
    "rename",
    ...(revoked ? [] : ["revoke" as const]),
  ];
  const props = { apiKey, onClose: close };
  return (
    <>
      {onEditLimits && (
        <button type="button" class="primary" onClick={onEditLimits}>
          {en.key.editLimits}
        </button>
      )}
      {actions.map((action) => (
        <button key={action} type="button" class={action === "revoke" ? "danger" : undefined} onClick={() => setOpen(action)}>
          {en.key[action]}
        </button>
      ))}
      {open === "pause" && <PauseDialog {...props} />}
      {open === "resume" && <ResumeDialog {...props} />}
      {open === "rename" && <RenameDialog {...props} />}
      {open === "revoke" && <RevokeDialog {...props} />}
      {open === "rotate" && <RotateDialog {...props} />}
    </>
  );
}
