// All that is wrong with the request: what does not fit its type, what violates rules, and what the server has found.
import { computed, effect } from "@preact/signals";
import type { ErrorDetail } from "../call/status.ts";
import { type JsonNode, JsonSyntaxError, parseJson } from "../json/parse.ts";
import type { Fault, Path } from "../schema/check.ts";
import { badRequestOf, type FieldViolation, pathOfField, valueAt } from "../schema/violations.ts";
import { atOriginalPlaces } from "../variables/message.ts";
import { currentCall, recordVersion } from "./calls.ts";
import type { CallRecord } from "./record.ts";
import { requestFaults, resolvedRequest } from "./request.ts";
import { checkedRules, loadRules, rules } from "./rules.ts";
import { selected } from "./services.ts";

const validateType = "buf.validate.Violations";

/** A violation that the server has reported, with its place in the request that was sent. */
export interface ServerViolation extends FieldViolation {
  readonly path: Path | undefined;
}

interface Reported {
  readonly violations: readonly ServerViolation[];
  /** The request that the server rejected. */
  readonly sent: JsonNode | undefined;
}

/** What the details of a status say about fields. */
export function violationsIn(details: readonly ErrorDetail[]): readonly FieldViolation[] {
  return details.flatMap((detail) => {
    if (detail.type === "google.rpc.BadRequest") return badRequestOf(detail);
    if (detail.type !== validateType) return [];
    try {
      return rules.value?.violationsOf(detail.value) ?? [];
    } catch {
      return [];
    }
  });
}

/** What the status of the call says about fields. */
export const reported = computed((): Reported => {
  void recordVersion.value;
  const call = currentCall.value;
  const details = call?.record.status?.details ?? [];
  if (call === undefined || details.length === 0) return { violations: [], sent: undefined };
  // A stream fails because of the message that was sent last, as far as the page can tell.
  const sent = parsed(lastRequest(call.record) ?? "{}");
  const { input } = call.method.desc;
  const violations = violationsIn(details).map((one) => ({ ...one, path: sent && pathOfField(input, sent.value, one.field) }));
  return { violations, sent };
});

function lastRequest(record: CallRecord): string | undefined {
  for (let seq = record.end - 1; seq >= record.first; seq--) if (record.kindOf(seq) === "request") return record.textOf(seq);
  return undefined;
}

/** Loads what reads the violations of a server that has no rules in its descriptors. */
export function startFaults(): void {
  effect(() => {
    void recordVersion.value;
    if (currentCall.value?.record.status?.details.some(({ type }) => type === validateType)) void loadRules();
  });
}

function parsed(text: string): JsonNode | undefined {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
}

/** The violations of the server, at fields whose value is still the one that was sent. */
const serverFaults = computed((): readonly Fault[] => {
  const resolved = resolvedRequest.value;
  const { violations, sent } = reported.value;
  if (resolved === undefined || sent === undefined || currentCall.value?.method.path !== selected.value?.path) return [];
  const found = violations.flatMap(({ path, text, ofKey }): Fault[] => {
    if (path === undefined || JSON.stringify(valueAt(resolved.value, path)) !== JSON.stringify(valueAt(sent.value, path))) return [];
    return [{ path, ofKey, key: "faultServer", values: [text] }];
  });
  return atOriginalPlaces(found, resolved.wholes);
});

export const faults = computed((): readonly Fault[] => [...requestFaults.value, ...checkedRules.value.faults, ...serverFaults.value]);
