// Requests that come from a link, the history or the saved ones. They take the place of what the reader has
// typed, which can be brought back.
import { batch, signal } from "@preact/signals";
import type { Metadata } from "../call/types.ts";
import { authorization, deadline, type MetadataRow, rows, setMetadata } from "./metadata.ts";
import { forgetTextOf, setTextOf, writtenTextOf } from "./request.ts";

/** What a saved request, a link and the history have in common. */
export interface Draft {
  readonly path: string;
  readonly text: string;
  readonly deadline: string;
  readonly metadata: Metadata;
}

/** What the reader had typed before a draft took its place. */
interface Typed {
  readonly path: string;
  readonly text: string | undefined;
  readonly deadline: string;
  readonly authorization: string;
  readonly rows: readonly MetadataRow[];
}

/** What can be brought back. */
export const replaced = signal<Typed | undefined>(undefined);

/** Sets the request of a method. Without a text, that of the method stays. Returns the keys of the metadata that it has set. */
export function takeDraft({
  path,
  text,
  deadline: ms,
  metadata,
}: Omit<Draft, "text"> & { readonly text: string | undefined }): readonly string[] {
  return batch(() => {
    const before: Typed = {
      path,
      text: writtenTextOf(path),
      deadline: deadline.value,
      authorization: authorization.value,
      rows: rows.value,
    };
    if (text !== undefined) setTextOf(path, text);
    deadline.value = ms;
    const keys = setMetadata(metadata);
    replaced.value = isLost(before) ? before : undefined;
    return keys;
  });
}

function isLost(before: Typed): boolean {
  const differs = (typed: string, now: string | undefined) => typed !== "" && typed !== now;
  return (
    differs(before.text ?? "", writtenTextOf(before.path)) ||
    differs(before.deadline, deadline.value) ||
    differs(before.authorization, authorization.value) ||
    before.rows.some(({ key, value }) => key !== "" && !rows.value.some((row) => row.key === key && row.value === value))
  );
}

/** Brings back what the reader had typed. */
export function undoDraft(): void {
  const before = replaced.value;
  if (before === undefined) return;
  batch(() => {
    if (before.text === undefined) forgetTextOf(before.path);
    else setTextOf(before.path, before.text);
    deadline.value = before.deadline;
    authorization.value = before.authorization;
    rows.value = before.rows;
    replaced.value = undefined;
  });
}
