// A modal on the browser's own dialog: it traps focus, closes on Escape, and
// gives the focus back.
import { useEffect, useId, useRef, type ReactNode } from "react";
import { t } from "../i18n/en";
import { returnFocus } from "../lib/focus";

interface Props {
  title: string;
  // Asks whether it may close; the owner then stops rendering it.
  onClose: () => void;
  wide?: boolean;
  children: ReactNode;
}

export function Dialog({ title, onClose, wide, children }: Props) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    const opener = document.activeElement;
    if (dialog && !dialog.open) dialog.showModal();
    return () => {
      dialog?.close();
      // After the next render, in which the button that opened it may be gone.
      setTimeout(() => returnFocus(opener));
    };
  }, []);
  return (
    <dialog
      ref={ref}
      className={wide ? "wide" : undefined}
      aria-labelledby={id}
      onCancel={(event) => {
        // Chromium closes on a second Escape whatever the page says; closing is
        // up to the owner, who may have a secret to keep in view.
        event.preventDefault();
        onClose();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        event.stopPropagation();
        onClose();
      }}
    >
      <header className="dialog-head">
        <h2 id={id}>{title}</h2>
        <button type="button" className="icon" aria-label={t.close} onClick={onClose}>
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="M4 4l8 8M12 4l-8 8" />
          </svg>
        </button>
      </header>
      {children}
    </dialog>
  );
}
