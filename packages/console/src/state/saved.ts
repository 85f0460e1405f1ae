// Requests that the reader has saved by name, in the browser's database.
import { signal } from "@preact/signals";
import { isPairs, isText } from "../json/is-text.ts";
import { newKey, onChangeElsewhere, table } from "./database.ts";
import { type Draft, takeDraft } from "./drafts.ts";
import { deadline, disclosed, remember, writtenMetadata } from "./metadata.ts";
import { requestText } from "./request.ts";
import { jsonWithoutSecrets } from "./secrets.ts";
import { selectedPath } from "./services.ts";

export interface SavedRequest extends Draft {
  readonly id: string;
  readonly name: string;
}

/** Sorted by name. */
export const savedRequests = signal<readonly SavedRequest[]>([]);

const stored = table("saved");

/** Reads the requests, and follows other tabs. */
export async function startSaved(): Promise<void> {
  onChangeElsewhere("saved", () => void load());
  await load();
}

async function load(): Promise<void> {
  set((await stored.all()).filter(isSavedRequest));
}

function set(requests: readonly SavedRequest[]): void {
  savedRequests.value = requests.toSorted((one, other) => one.name.localeCompare(other.name));
}

/** Saves the request of the selected method. Another one of this method and name is replaced. */
export async function saveRequest(name: string): Promise<void> {
  const path = selectedPath.value;
  const id = savedRequests.value.find((one) => one.path === path && one.name === name)?.id ?? newKey();
  const metadata = disclosed(writtenMetadata.value, remember.value ? "plain" : "none");
  const request = { id, name, path, text: jsonWithoutSecrets(requestText.value), deadline: deadline.value, metadata };
  set([...savedRequests.value.filter((one) => one.id !== id), request]);
  await stored.put(id, request);
}

export async function removeSaved(id: string): Promise<void> {
  set(savedRequests.value.filter((one) => one.id !== id));
  await stored.delete(id);
}

/** Shows a request at its method. It is not sent. Without a text, that of the method stays. */
export function openDraft(draft: Parameters<typeof takeDraft>[0]): void {
  takeDraft(draft);
  location.hash = `#/${draft.path}`;
}

function isSavedRequest(value: unknown): value is SavedRequest {
  const { id, name, path, text, deadline: ms, metadata } = (value ?? {}) as Partial<Record<keyof SavedRequest, unknown>>;
  return [id, name, path, text, ms].every(isText) && isPairs(metadata);
}
