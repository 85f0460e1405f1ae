// The request of each method: its JSON text, which the form and the editor change.
import { computed, signal } from "@preact/signals";
import { parseSource, print } from "../json/edit.ts";
import { type JsonNode, JsonSyntaxError, type JsonValue } from "../json/parse.ts";
import { check, type Fault } from "../schema/check.ts";
import { firstRequest } from "../schema/defaults.ts";
import { atOriginalPlaces, type ResolvedMessage, resolveMessage } from "../variables/message.ts";
import { variables } from "./environments.ts";
import { registry, selected } from "./services.ts";

/** The texts by the paths of methods. */
const texts = signal<ReadonlyMap<string, string>>(new Map());

/** The text that a method begins with. */
const initial = computed(() => (selected.value === undefined ? "{}" : print(firstRequest(selected.value.desc.input))));

/** The request of the selected method. */
export const requestText = computed(() => texts.value.get(selected.value?.path ?? "") ?? initial.value);

export function setRequestText(text: string): void {
  if (selected.value !== undefined && text !== requestText.value) setTextOf(selected.value.path, text);
}

/** What the reader has made of the request of a method. `undefined` if it is the one that the page begins with. */
export function writtenTextOf(path: string): string | undefined {
  return texts.value.get(path);
}

/** Sets the request of any method. */
export function setTextOf(path: string, text: string): void {
  texts.value = new Map(texts.value).set(path, text);
}

/** Sets the request of a method back to the one that the page begins with. */
export function forgetTextOf(path: string): void {
  texts.value = new Map([...texts.value].filter(([one]) => one !== path));
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
    return { node: parseSource(requestText.value) };
  } catch (error) {
    if (error instanceof JsonSyntaxError) return { error };
    throw error;
  }
});

/** The request with the values of its variables. `undefined` if it is not valid JSON. */
export const resolvedRequest = computed((): ResolvedMessage | undefined => {
  const { node } = parsedRequest.value;
  if (node === undefined || selected.value === undefined || registry.value === undefined) return undefined;
  return resolveMessage(requestText.value, node, selected.value.desc.input, registry.value, variables.value);
});

/** The JSON to send. `undefined` if the request is not valid JSON, or has an unknown variable. */
export const outgoingText = computed(() => (resolvedRequest.value?.faults.length === 0 ? resolvedRequest.value.text : undefined));

/** The faults of a request that is valid JSON. */
export const requestFaults = computed((): readonly Fault[] => {
  if (resolvedRequest.value === undefined || selected.value === undefined || registry.value === undefined) return [];
  const { value, faults, wholes } = resolvedRequest.value;
  const unknown = new Set(faults.map(({ path }) => JSON.stringify(path)));
  const others = check(selected.value.desc.input, value, registry.value).filter(({ path }) => !unknown.has(JSON.stringify(path)));
  return [...faults, ...atOriginalPlaces(others, wholes)];
});
