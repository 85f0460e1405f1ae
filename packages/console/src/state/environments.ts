// Environments: named sets of variables, of which one is selected. Secrets stay in memory.
import { computed, signal } from "@preact/signals";
import { isText } from "../json/is-text.ts";
import { type Values, variableName } from "../variables/substitute.ts";
import { newKey, onChangeElsewhere, table } from "./database.ts";
import { ownKey, readLocal, writeLocal } from "./local.ts";

export interface Variable {
  readonly name: string;
  readonly value: string;
  /** The browser does not store a secret, and links and copies do not contain it. */
  readonly secret: boolean;
}

export interface Environment {
  readonly id: string;
  readonly name: string;
  readonly variables: readonly Variable[];
}

export const environments = signal<readonly Environment[]>([]);

/** The id of the selected environment, or an empty string. */
export const selectedEnvironment = signal("");

const current = computed(() => environments.value.find(({ id }) => id === selectedEnvironment.value));

/** The values of the selected environment. A secret is absent until it is entered. */
export const variables = computed<Values>(
  () => new Map(current.value?.variables.filter(({ value, secret }) => !secret || value !== "").map(({ name, value }) => [name, value])),
);

/** The values that a link, a copy or the history may contain. */
export const openVariables = computed<Values>(
  () => new Map(current.value?.variables.filter(({ secret }) => !secret).map(({ name, value }) => [name, value])),
);

const stored = table("environments");
const selectedKey = "environment";

/** Reads the environments, and follows other tabs. */
export async function startEnvironments(): Promise<void> {
  onChangeElsewhere("environments", () => void load());
  await load();
  selectedEnvironment.value = readLocal(ownKey(selectedKey)) ?? "";
}

async function load(): Promise<void> {
  const found = (await stored.all()).filter(isEnvironment);
  const secretOf = (id: string, name: string) =>
    environments.value.find((one) => one.id === id)?.variables.find((one) => one.secret && one.name === name)?.value ?? "";
  environments.value = found.map(({ id, name, variables }) => ({
    id,
    name,
    variables: variables.map((one) => (one.secret ? { ...one, value: secretOf(id, one.name) } : one)),
  }));
}

export function selectEnvironment(id: string): void {
  selectedEnvironment.value = id;
  writeLocal(ownKey(selectedKey), id === "" ? undefined : id);
}

/** Adds an environment, and selects it. */
export function addEnvironment(name: string): string {
  const environment = { id: newKey(), name, variables: [] };
  environments.value = [...environments.value, environment];
  void stored.put(environment.id, environment);
  selectEnvironment(environment.id);
  return environment.id;
}

export function changeEnvironment(changed: Environment): void {
  environments.value = environments.value.map((one) => (one.id === changed.id ? changed : one));
  const variables = changed.variables.map((one) => (one.secret ? { ...one, value: "" } : one));
  void stored.put(changed.id, { ...changed, variables });
}

export function removeEnvironment(id: string): void {
  environments.value = environments.value.filter((one) => one.id !== id);
  void stored.delete(id);
  if (selectedEnvironment.value === id) selectEnvironment("");
}

/** Why a name cannot be used. */
export function nameFault({ variables }: Environment, name: string): "variableName" | "variableTwice" | undefined {
  if (name !== "" && !variableName.test(name)) return "variableName";
  return name !== "" && variables.filter((one) => one.name === name).length > 1 ? "variableTwice" : undefined;
}

function isEnvironment(value: unknown): value is Environment {
  const { id, name, variables } = (value ?? {}) as Partial<Record<keyof Environment, unknown>>;
  return isText(id) && isText(name) && Array.isArray(variables) && variables.every(isVariable);
}

function isVariable(value: unknown): value is Variable {
  const { name, value: text, secret } = (value ?? {}) as Partial<Record<keyof Variable, unknown>>;
  return isText(name) && isText(text) && typeof secret === "boolean";
}
