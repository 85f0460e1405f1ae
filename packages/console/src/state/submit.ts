// Sends the request of the selected method, and calls of the history again.
import { hasRequestStream } from "../call/call.ts";
import { JsonSyntaxError, parseJson } from "../json/parse.ts";
import type { MethodEntry } from "../schema/services.ts";
import { findMethod } from "../schema/services.ts";
import { resolveMessage } from "../variables/message.ts";
import { canSend, currentCall, halfClose, send, start } from "./calls.ts";
import { variables } from "./environments.ts";
import { answerOf, type PastCall } from "./history.ts";
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

/** Shows the request of a call. */
export async function openPast(call: PastCall): Promise<void> {
  const answer = await answerOf(call.id);
  if (answer === undefined) return;
  const { requests, deadline, metadata } = answer;
  openDraft({ path: call.path, text: requests[0] ?? "{}", deadline, metadata });
}

/** Makes a call again, with the variables of now. A call whose variables are unknown is only shown. */
export async function rerun(call: PastCall): Promise<void> {
  const answer = await answerOf(call.id);
  const method = findMethod(packages.value, call.path);
  if (answer === undefined || method === undefined) return;
  const { requests, deadline, metadata } = answer;
  openDraft({ path: call.path, text: requests[0] ?? "{}", deadline, metadata });
  const texts = requests.map((text) => resolved(text, method));
  if (!metadataIsValid.value || texts.includes(undefined)) return;
  const isStream = hasRequestStream(method.kind);
  start(method, ...(isStream ? [] : [texts[0], requests[0]]));
  if (!isStream) return;
  for (const [index, text] of texts.entries()) send(text ?? "", requests[index]);
  halfClose();
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
