// What is sent with every call: metadata, authorization and a deadline. It stays in memory, unless the
// reader lets the browser remember it.
import { computed, effect, signal } from "@preact/signals";
import { isCredential, metadataFault } from "../call/headers.ts";
import type { Metadata } from "../call/types.ts";
import { isPairs, isText } from "../json/is-text.ts";
import { hasLiteral, type Substituted, substitute } from "../variables/substitute.ts";
import { variables } from "./environments.ts";
import { ownKey, readLocal, writeLocal } from "./local.ts";
import { metadataWithoutSecrets } from "./secrets.ts";

export interface MetadataRow {
  readonly id: number;
  readonly key: string;
  readonly value: string;
}

let nextId = 0;

export const rows = signal<readonly MetadataRow[]>([]);
export const authorization = signal("");
/** In milliseconds. Empty: none. */
export const deadline = signal("");
/** Whether the browser stores all of these for this page. */
export const remember = signal(false);

/** Reads what the browser remembers, and applies each change. */
export function startMetadata(): void {
  const stored = ownKey("metadata");
  recall(readLocal(stored));
  let isStored = remember.value;
  effect(() => {
    const metadata = rows.value.map(({ key, value }) => [key, value]);
    const all = JSON.stringify({ metadata, authorization: authorization.value, deadline: deadline.value });
    // Another tab may remember what this one does not.
    if (remember.value || isStored) writeLocal(stored, remember.value ? all : undefined);
    isStored = remember.value;
  });
}

function recall(text: string | undefined): void {
  if (text === undefined) return;
  try {
    const found = JSON.parse(text) as { readonly [name: string]: unknown } | null;
    const { metadata, authorization: token, deadline: ms } = found ?? {};
    if (!isPairs(metadata) || !isText(token) || !isText(ms)) return;
    rows.value = metadata.map(rowOf);
    authorization.value = token;
    deadline.value = ms;
    remember.value = true;
  } catch {
    // Not of this page.
  }
}

function rowOf([key, value]: readonly [key: string, value: string]): MetadataRow {
  return { id: nextId++, key, value };
}

export function addRow(): void {
  rows.value = [...rows.value, rowOf(["", ""])];
}

export function changeRow(id: number, change: Partial<Pick<MetadataRow, "key" | "value">>): void {
  rows.value = rows.value.map((row) => (row.id === id ? { ...row, ...change } : row));
}

export function removeRow(id: number): void {
  rows.value = rows.value.filter((row) => row.id !== id);
}

/** Sets metadata of a link or of the history, except what cannot be sent. Other keys stay as they are. Returns the keys. */
export function setMetadata(all: Metadata): readonly string[] {
  const metadata = all
    .map(([key, value]) => [key.toLowerCase(), value] as const)
    .filter(([key, value]) => metadataFault(key, key.endsWith("-bin") ? "" : value) === undefined);
  const keys = new Set(metadata.map(([key]) => key));
  const token = metadata.find(([key]) => key === "authorization");
  if (token !== undefined) authorization.value = token[1];
  rows.value = [
    ...rows.value.filter(({ key }) => !keys.has(key.toLowerCase())),
    ...metadata.filter(([key]) => key !== "authorization").map(rowOf),
  ];
  return [...keys];
}

export type MetadataFault = NonNullable<ReturnType<typeof metadataFault>> | "variable";

/** Why a row cannot be sent. Rows without a key are not sent. */
export function faultOf({ key, value }: Pick<MetadataRow, "key" | "value">): MetadataFault | undefined {
  if (key === "") return undefined;
  const { text, unknown } = resolved(value);
  return unknown.length > 0 ? "variable" : metadataFault(key, text);
}

function resolved(value: string): Substituted {
  return substitute(value, variables.value);
}

export const deadlineFault = computed(() => deadline.value !== "" && !/^[1-9]\d{0,9}$/.test(deadline.value));

export const metadataIsValid = computed(
  () =>
    !deadlineFault.value &&
    faultOf({ key: "authorization", value: authorization.value }) === undefined &&
    rows.value.every((row) => faultOf(row) === undefined),
);

/** The metadata as the reader has written it, with its variables. */
export const writtenMetadata = computed<Metadata>(() => [
  ...(authorization.value === "" ? [] : [["authorization", authorization.value] as const]),
  ...rows.value.filter(({ key }) => key !== "").map(({ key, value }) => [key.toLowerCase(), value] as const),
]);

/** The metadata of a call. */
export const callMetadata = computed<Metadata>(() => writtenMetadata.value.map(([key, value]) => [key, resolved(value).text]));

/** The deadline of a call in milliseconds, or `undefined`. */
export const timeoutMs = computed(() => (deadline.value === "" || deadlineFault.value ? undefined : Number(deadline.value)));

/** How much of the metadata leaves the page: nothing, all but credentials, or all. */
export type Disclosure = "none" | "plain" | "all";

/** Metadata that has the value of a credential itself, rather than variables for it. */
export function isLiteralCredential([key, value]: Metadata[number]): boolean {
  return isCredential(key) && hasLiteral(value);
}

/** The part of metadata that may leave the page, without the values of secrets. */
export function disclosed(metadata: Metadata, disclosure: Disclosure): Metadata {
  if (disclosure === "none") return [];
  return metadataWithoutSecrets(disclosure === "all" ? metadata : metadata.filter(([key]) => !isCredential(key)));
}
