// Which view of the request the reader sees, and the value that the reader goes to.
import { signal } from "@preact/signals";
import type { Path } from "../schema/check.ts";

export const requestView = signal<"form" | "json">("form");

/** The path of a value that gets the focus. The view that shows the request moves the focus, and then resets this. */
export const target = signal<Path | undefined>(undefined);

/** Moves the focus to a value of the request. */
export function goTo(path: Path | undefined): void {
  target.value = path;
}
