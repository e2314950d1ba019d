import type { ReactNode } from "react";
import { useEffect, useId, useRef } from "react";

/** A native modal dialog: it keeps the focus, gives it back, and closes on Escape. */
export function Dialog(props: {
  title: string;
  children: ReactNode;
  onClose: () => void;
  /** Escape does nothing while this is true: what is shown would be lost. */
  locked?: boolean;
  wide?: boolean;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>("[data-autofocus]")?.focus();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      class={props.wide ? "wide" : undefined}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        if (!props.locked) props.onClose();
      }}
      onKeyDown={(event) => {
        // A browser closes a dialog at the second Escape even when the first was prevented.
        if (event.key === "Escape" && props.locked) event.preventDefault();
      }}
    >
      <h2 id={id}>{props.title}</h2>
      {props.children}
    </dialog>
  );
}
