// The request of each method: its JSON text, which the form and the editor change.
import { computed, signal } from "@preact/signals";
import { print } from "../json/edit.ts";
import { type JsonNode, JsonSyntaxError, type JsonValue, parseJson } from "../json/parse.ts";
import { check, type Fault } from "../schema/check.ts";
import { firstRequest } from "../schema/defaults.ts";
import { registry, selected } from "./services.ts";

/** The texts by the paths of methods. */
const texts = signal<ReadonlyMap<string, string>>(new Map());

/** The text that a method begins with. */
const initial = computed(() => (selected.value === undefined ? "{}" : print(firstRequest(selected.value.desc.input))));

/** The request of the selected method. */
export const requestText = computed(() => texts.value.get(selected.value?.path ?? "") ?? initial.value);

export function setRequestText(text: string): void {
  if (selected.value !== undefined && text !== requestText.value) texts.value = new Map(texts.value).set(selected.value.path, text);
}

export function setRequest(value: JsonValue): void {
  setRequestText(print(value));
}

export function resetRequest(): void {
  setRequestText(initial.value);
}

export type Parsed = { readonly node: JsonNode; readonly error?: never } | { readonly node?: never; readonly error: JsonSyntaxError };

export const parsedRequest = computed((): Parsed => {
  try {
    return { node: parseJson(requestText.value) };
  } catch (error) {
    if (error instanceof JsonSyntaxError) return { error };
    throw error;
  }
});

/** The faults of a request that is valid JSON. */
export const requestFaults = computed((): readonly Fault[] => {
  const { node } = parsedRequest.value;
  if (node === undefined || selected.value === undefined || registry.value === undefined) return [];
  return check(selected.value.desc.input, node.value, registry.value);
});
