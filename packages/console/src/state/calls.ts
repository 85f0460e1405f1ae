// The latest call. Its record stays until the next call begins.
import { signal } from "@preact/signals";
import { hasRequestStream, startCall } from "../call/call.ts";
import type { Call, Metadata } from "../call/types.ts";
import type { MethodEntry } from "../schema/services.ts";
import { callMetadata, timeoutMs, writtenMetadata } from "./metadata.ts";
import { CallRecord } from "./record.ts";
import { isReadOnly, rootUrl } from "./services.ts";

/** A call with its record. */
export interface CurrentCall {
  readonly method: MethodEntry;
  readonly record: CallRecord;
  /** When it began, in milliseconds since 1970. */
  readonly startedAt: number;
  /** The requests as the reader has written them, with their variables. */
  readonly written: string[];
  /** The metadata as the reader has written it. */
  readonly metadata: Metadata;
  readonly timeoutMs: number | undefined;
}

export const currentCall = signal<CurrentCall | undefined>(undefined);

const endListeners = new Set<(call: CurrentCall) => void>();

/** Calls a function with each call that ends. */
export function onCallEnd(listener: (call: CurrentCall) => void): void {
  endListeners.add(listener);
}

/** Changes at most once a frame while the record grows. */
export const recordVersion = signal(0);

/** Whether the call has not ended. */
export const isRunning = signal(false);

/** Whether the call takes further messages. */
export const canSend = signal(false);

/** Tells all listeners of a call that has ended. */
export function callEnded(call: CurrentCall): void {
  for (const listener of endListeners) listener(call);
}

let call: Call | undefined;
let scheduled = false;

function changed(): void {
  if (scheduled) return;
  scheduled = true;
  // A hidden page has no frames.
  const apply = () => {
    scheduled = false;
    recordVersion.value++;
  };
  if (document.hidden) setTimeout(apply, 100);
  else requestAnimationFrame(apply);
}

/**
 * Starts a call. A method with one request gets its message, and the half-close.
 *
 * @param written the message before its variables were replaced. Default: `text`.
 */
export function start(method: MethodEntry, text?: string, written = text): void {
  if (isReadOnly.value) return;
  cancel();
  const record = new CallRecord();
  const current: CurrentCall = {
    method,
    record,
    startedAt: Date.now(),
    written: written === undefined ? [] : [written],
    metadata: writtenMetadata.value,
    timeoutMs: timeoutMs.value,
  };
  currentCall.value = current;
  isRunning.value = true;
  canSend.value = hasRequestStream(method.kind);
  call = startCall(method, {
    root: rootUrl(),
    metadata: callMetadata.value,
    timeoutMs: timeoutMs.value,
    onEvent: (event) => {
      record.take(event);
      if (event.type === "end" && currentCall.value === current) {
        isRunning.value = false;
        canSend.value = false;
        call = undefined;
      }
      if (event.type === "end") callEnded(current);
      changed();
    },
  });
  if (text !== undefined) {
    record.request(text);
    call.send(text);
  }
  if (!hasRequestStream(method.kind)) {
    record.halfClose();
    call.halfClose();
  }
  changed();
}

/** Sends a message in the call. `written` is as for `start`. */
export function send(text: string, written = text): void {
  if (!canSend.value) return;
  currentCall.value?.written.push(written);
  currentCall.value?.record.request(text);
  call?.send(text);
  changed();
}

export function halfClose(): void {
  if (!canSend.value) return;
  canSend.value = false;
  currentCall.value?.record.halfClose();
  call?.halfClose();
  changed();
}

/** Cancels the call, if one runs. */
export function cancel(): void {
  if (call === undefined) return;
  currentCall.value?.record.cancel();
  call.cancel();
}
