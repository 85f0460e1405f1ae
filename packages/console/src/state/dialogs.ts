// The dialog that is open. The focus returns to where it was before.
import { signal } from "@preact/signals";

export type DialogState =
  | { readonly kind: "palette" | "help" | "history" | "environments" | "share" | "copy" | "save" }
  /** The ids of two calls of the history. */
  | { readonly kind: "compare"; readonly before: string; readonly after: string };

export const dialog = signal<DialogState | undefined>(undefined);

let opener: Element | null = null;

export function showDialog(state: DialogState): void {
  if (dialog.value === undefined) opener = document.activeElement;
  dialog.value = state;
}

export function closeDialog(): void {
  dialog.value = undefined;
  const target = opener instanceof HTMLElement && opener !== document.body ? opener : document.getElementById("main");
  opener = null;
  // The elements behind a dialog are inert until it is gone from the page.
  requestAnimationFrame(() => {
    if (dialog.value === undefined) target?.focus();
  });
}
