// Where the focus goes when what had it is gone.

// focusMain moves the focus to the start of the content.
export function focusMain(): void {
  const main = document.getElementById("main");
  main?.setAttribute("tabindex", "-1");
  main?.focus();
}

// returnFocus gives the focus back to what had it before. Where that is gone the
// content gets it: nobody shall start over at the browser's own bars.
export function returnFocus(before: Element | null): void {
  const at = document.activeElement;
  if (at !== null && at !== document.body) return;
  if (before instanceof HTMLElement && before.isConnected) before.focus();
  if (document.activeElement === document.body) focusMain();
}
