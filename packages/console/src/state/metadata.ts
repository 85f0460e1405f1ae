// What is sent with every call: metadata, authorization and a deadline. It stays in memory.
import { computed, signal } from "@preact/signals";
import { metadataFault } from "../call/headers.ts";
import type { Metadata } from "../call/types.ts";

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

export function addRow(): void {
  rows.value = [...rows.value, { id: nextId++, key: "", value: "" }];
}

export function changeRow(id: number, change: Partial<Pick<MetadataRow, "key" | "value">>): void {
  rows.value = rows.value.map((row) => (row.id === id ? { ...row, ...change } : row));
}

export function removeRow(id: number): void {
  rows.value = rows.value.filter((row) => row.id !== id);
}

/** Why a row cannot be sent. Rows without a key are not sent. */
export function faultOf({ key, value }: Pick<MetadataRow, "key" | "value">): ReturnType<typeof metadataFault> {
  return key === "" ? undefined : metadataFault(key, value);
}

export const deadlineFault = computed(() => deadline.value !== "" && !/^[1-9]\d{0,9}$/.test(deadline.value));

export const metadataIsValid = computed(
  () =>
    !deadlineFault.value &&
    faultOf({ key: "authorization", value: authorization.value }) === undefined &&
    rows.value.every((row) => faultOf(row) === undefined),
);

/** The metadata of a call. */
export const callMetadata = computed<Metadata>(() => [
  ...(authorization.value === "" ? [] : [["authorization", authorization.value] as const]),
  ...rows.value.filter(({ key }) => key !== "").map(({ key, value }) => [key.toLowerCase(), value] as const),
]);

/** The deadline of a call in milliseconds, or `undefined`. */
export const timeoutMs = computed(() => (deadline.value === "" || deadlineFault.value ? undefined : Number(deadline.value)));
