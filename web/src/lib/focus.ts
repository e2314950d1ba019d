// Where the focus goes when what had it is gone.

// focusMain moves the focus to the start of the content.
export function focusMain(): void {
  const main = document.getElementById("main");
  main?.setAttribute("tabindex", "-1");
  main?.focus();
}

// focusSomewhere keeps a keyboard's user from starting over at the browser's own
// bars: a button may be gone by the time that its dialog closes.
export function focusSomewhere(): void {
  if (document.activeElement === null || document.activeElement === document.body) focusMain();
}
