import { useMutation } from "@connectrpc/connect-query";
import type { ReactNode } from "react";
import { useState } from "react";
import { refreshList, storeKey } from "../../api/queries";
import type { ApiKey } from "../../gen/satcap/v1/api_key_pb";
import { ApiKeyService } from "../../gen/satcap/v1/api_key_service_pb";
import { en } from "../../i18n/en";
import { Dialog } from "../../ui/dialog";
import { Failed } from "../../ui/notice";
import { useToast } from "../../ui/toast";

type Props = { apiKey: ApiKey; onClose: () => void };

/** What each of these calls does once it is answered. */
function useDone(text: string, onClose: () => void) {
  const toast = useToast();
  return {
    onSuccess: ({ apiKey }: { apiKey?: ApiKey }) => {
      if (apiKey) storeKey(apiKey);
      void refreshList();
      toast(text);
      onClose();
    },
  };
}

function Confirm(props: {
  title: string;
  text?: string;
  submit: string;
  danger?: boolean;
  disabled?: boolean;
  busy: boolean;
  error: unknown;
  onSubmit: () => void;
  onClose: () => void;
  children?: ReactNode;
}) {
  return (
    <Dialog title={props.title} onClose={props.onClose} locked={props.busy}>
      <form
        class="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!props.busy && !props.disabled) props.onSubmit();
        }}
      >
        {props.text && <p>{props.text}</p>}
        {props.children}
        <Failed error={props.error} />
        <div class="actions">
          <button type="button" data-autofocus={props.children ? undefined : true} disabled={props.busy} onClick={props.onClose}>
            {en.cancel}
          </button>
          <button class={props.danger ? "danger" : "primary"} disabled={props.busy || props.disabled}>
            {props.busy ? en.loading : props.submit}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

export function PauseDialog({ apiKey, onClose }: Props) {
  const call = useMutation(ApiKeyService.method.pauseApiKey, useDone(en.done.paused, onClose));
  return (
    <Confirm
      {...en.pauseDialog}
      title={en.pauseDialog.title(apiKey.name)}
      busy={call.isPending}
      error={call.error}
      onSubmit={() => call.mutate({ apiKeyId: apiKey.apiKeyId })}
      onClose={onClose}
    />
  );
}

export function ResumeDialog({ apiKey, onClose }: Props) {
  const call = useMutation(ApiKeyService.method.resumeApiKey, useDone(en.done.resumed, onClose));
  return (
    <Confirm
      {...en.resumeDialog}
      title={en.resumeDialog.title(apiKey.name)}
      busy={call.isPending}
      error={call.error}
      onSubmit={() => call.mutate({ apiKeyId: apiKey.apiKeyId })}
      onClose={onClose}
    />
  );
}

export function RevokeDialog({ apiKey, onClose }: Props) {
  const [typed, setTyped] = useState("");
  const call = useMutation(ApiKeyService.method.revokeApiKey, useDone(en.done.revoked, onClose));
  return (
    <Confirm
      text={en.revokeDialog.text}
      submit={en.revokeDialog.submit}
      title={en.revokeDialog.title(apiKey.name)}
      danger
      disabled={typed !== apiKey.name}
      busy={call.isPending}
      error={call.error}
      onSubmit={() => call.mutate({ apiKeyId: apiKey.apiKeyId })}
      onClose={onClose}
    >
      <div class="field">
        <label for="revoke-name">{en.revokeDialog.type(apiKey.name)}</label>
        <input id="revoke-name" data-autofocus autoComplete="off" spellcheck={false} value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
      </div>
    </Confirm>
  );
}

export function RenameDialog({ apiKey, onClose }: Props) {
  const [name, setName] = useState(apiKey.name);
  const call = useMutation(ApiKeyService.method.renameApiKey, useDone(en.done.renamed, onClose));
  return (
    <Confirm
      {...en.renameDialog}
      disabled={name.trim() === ""}
      busy={call.isPending}
      error={call.error}
      onSubmit={() => call.mutate({ apiKeyId: apiKey.apiKeyId, name: name.trim() })}
      onClose={onClose}
    >
      <div class="field">
        <label for="new-name">{en.create.name}</label>
        <input id="new-name" data-autofocus autoComplete="off" value={name} onInput={(event) => setName(event.currentTarget.value)} />
      </div>
    </Confirm>
  );
}
