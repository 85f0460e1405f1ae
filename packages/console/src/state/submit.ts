// Sends the request of the selected method, and calls of the history again.
import { hasRequestStream } from "../call/call.ts";
import { JsonSyntaxError, parseJson } from "../json/parse.ts";
import type { MethodEntry } from "../schema/services.ts";
import { findMethod } from "../schema/services.ts";
import { resolveMessage } from "../variables/message.ts";
import { canSend, currentCall, halfClose, send, start } from "./calls.ts";
import { variables } from "./environments.ts";
import { answerOf, type PastAnswer, type PastCall } from "./history.ts";
import { metadataIsValid } from "./metadata.ts";
import { outgoingText, requestText } from "./request.ts";
import { openDraft } from "./saved.ts";
import { packages, registry } from "./services.ts";

/** Whether the method's call takes messages now. */
export function isOpenFor(method: MethodEntry): boolean {
  return canSend.value && currentCall.value?.method.path === method.path;
}

/** Sends the request: in a new call, or in the one that is open. */
export function submit(method: MethodEntry): void {
  const text = outgoingText.value;
  if (text === undefined || !metadataIsValid.value) return;
  if (isOpenFor(method)) send(text, requestText.value);
  else start(method, text, requestText.value);
}

/** `undefined` if the history does not have all requests of a call: a part of them would be another call. */
async function wholeAnswerOf({ id, sent }: PastCall): Promise<PastAnswer | undefined> {
  const answer = await answerOf(id);
  return answer?.requests.length === sent ? answer : undefined;
}

/** Shows the request of a call. Returns whether the history has it. */
export async function openPast(call: PastCall): Promise<boolean> {
  const answer = await wholeAnswerOf(call);
  if (answer === undefined) return false;
  const { requests, deadline, metadata } = answer;
  openDraft({ path: call.path, text: requests[0], deadline, metadata });
  return true;
}

/** Makes a call again, with the variables of now. A call whose variables are unknown is only shown. Returns whether the history has it. */
export async function rerun(call: PastCall): Promise<boolean> {
  const answer = await wholeAnswerOf(call);
  const method = findMethod(packages.value, call.path);
  if (answer === undefined || method === undefined) return false;
  const { requests, deadline, metadata } = answer;
  openDraft({ path: call.path, text: requests[0], deadline, metadata });
  const texts = requests.map((text) => resolved(text, method));
  if (!metadataIsValid.value || texts.includes(undefined)) return true;
  const isStream = hasRequestStream(method.kind);
  start(method, ...(isStream ? [] : [texts[0], requests[0]]));
  if (!isStream) return true;
  for (const [index, text] of texts.entries()) send(text ?? "", requests[index]);
  halfClose();
  return true;
}

function resolved(text: string, { desc }: MethodEntry): string | undefined {
  if (registry.value === undefined) return undefined;
  try {
    const message = resolveMessage(text, parseJson(text), desc.input, registry.value, variables.value);
    return message.faults.length === 0 ? message.text : undefined;
  } catch (error) {
    // The history may be of another version of the page.
    if (error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
}
