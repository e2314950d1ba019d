// What an owner does with a key. One dialog is open at a time.
import { useState } from "react";
import { ApiKey_State, type ApiKey } from "../../gen/satcap/v1/api_key_pb";
import { t } from "../../i18n/en";
import { PauseDialog } from "./PauseDialog";
import { RenameDialog } from "./RenameDialog";
import { RevokeDialog } from "./RevokeDialog";
import { RotateDialog } from "./RotateDialog";

type Open = "pause" | "resume" | "rename" | "rotate" | "revoke";

export function KeyActions({ apiKey, onEditLimits }: { apiKey: ApiKey; onEditLimits: () => void }) {
  const [open, setOpen] = useState<Open>();
  const close = () => setOpen(undefined);
  const revoked = apiKey.state === ApiKey_State.REVOKED;
  const paused = apiKey.state === ApiKey_State.PAUSED;
  const expired = apiKey.state === ApiKey_State.EXPIRED;
  const button = (name: Open, className?: string) => (
    <button type="button" className={className} onClick={() => setOpen(name)}>
      {t.key[name].action}
    </button>
  );
  return (
    <div className="actions" role="group" aria-label={t.key.actions}>
      <button type="button" className="primary" onClick={onEditLimits}>
        {t.limits.edit}
      </button>
      {!revoked && !expired && button(paused ? "resume" : "pause")}
      {button("rename")}
      {!revoked && !expired && button("rotate")}
      {!revoked && button("revoke", "danger")}
      {(open === "pause" || open === "resume") && <PauseDialog apiKey={apiKey} resume={open === "resume"} onClose={close} />}
      {open === "rename" && <RenameDialog apiKey={apiKey} onClose={close} />}
      {open === "rotate" && <RotateDialog apiKey={apiKey} onClose={close} />}
      {open === "revoke" && <RevokeDialog apiKey={apiKey} onClose={close} />}
    </div>
  );
}
