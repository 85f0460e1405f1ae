// The rules of buf.validate. Their code is loaded for methods whose requests have rules.
import type { DescMessage } from "@bufbuild/protobuf";
import { computed, effect, signal } from "@preact/signals";
import type { JsonValue } from "../json/parse.ts";
import type { Fault } from "../schema/check.ts";
import { hasRules } from "../schema/has-rules.ts";
import { atOriginalPlaces } from "../variables/message.ts";
import { requestFaults, resolvedRequest } from "./request.ts";
import { registry, selected } from "./services.ts";

export type RulesModule = typeof import("../rules/index.ts");

/** `undefined` until it is loaded. */
export const rules = signal<RulesModule | undefined>(undefined);

export async function loadRules(): Promise<void> {
  try {
    rules.value ??= await import("../rules/index.ts");
  } catch {
    // Without them, the server checks. The next method with rules tries again.
  }
}

/** Follows the selected method. */
export function startRules(): void {
  effect(() => {
    if (selected.value !== undefined && hasRules(selected.value.desc.input)) void loadRules();
  });
}

interface Checked {
  readonly faults: readonly Fault[];
  /** Why the rules cannot be checked. */
  readonly error?: string;
}

/** The violated rules of a message, as far as the rules are loaded. */
export function checkRules(message: DescMessage, value: JsonValue, typeFaults: readonly Fault[]): Checked {
  const [module, types] = [rules.value, registry.value];
  if (module === undefined || types === undefined) return { faults: [] };
  try {
    return { faults: module.checkRules(message, value, types, typeFaults) };
  } catch (error) {
    return { faults: [], error: error instanceof Error ? error.message : String(error) };
  }
}

/** The violated rules of the request. */
export const checkedRules = computed((): Checked => {
  const [resolved, method] = [resolvedRequest.value, selected.value];
  if (resolved === undefined || method === undefined) return { faults: [] };
  const { faults, ...error } = checkRules(method.desc.input, resolved.value, requestFaults.value);
  return { faults: atOriginalPlaces(faults, resolved.wholes), ...error };
});
