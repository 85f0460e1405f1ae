// Which view of the request the reader sees, and the value that the reader goes to.
import { signal } from "@preact/signals";
import type { Path } from "../schema/check.ts";

export const requestView = signal<"form" | "json">("form");

/** A value on its way to the focus. The view that shows the request moves the focus, and then takes it away. */
export const target = signal<{ readonly path: Path } | undefined>(undefined);

/** Moves the focus to a value of the request. */
export function goTo(path: Path): void {
  target.value = { path };
}
