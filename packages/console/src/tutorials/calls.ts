// Typed calls for the tutorials, over the page's own layer of calls: Connect over fetch, or over the WebSocket.
import { startCall } from "../call/call.ts";
import { localStatus, type Status } from "../call/status.ts";
import { t } from "../i18n/index.ts";
import { parseJson } from "../json/parse.ts";
import { callMetadata, metadataIsValid, timeoutMs } from "../state/metadata.ts";
import { rootUrl } from "../state/services.ts";
import { type MethodShape, readMessage, type Shaped, type ValueOf } from "./shape.ts";

export interface Listener<Output> {
  readonly onMessage: (message: Output) => void;
  /** Called once, at the end. */
  readonly onEnd: (status: Status) => void;
}

export interface OpenCall<Input> {
  send(message: Input): void;
  halfClose(): void;
  cancel(): void;
}

/** Opens a call with the metadata and the deadline of the page, which fails if they are not valid. A method with one request takes it before `halfClose`. */
export function openCall<Shape extends MethodShape>(
  { method, shape }: Shaped<Shape>,
  { onMessage, onEnd }: Listener<ValueOf<Shape["output"]>>,
): OpenCall<ValueOf<Shape["input"]>> {
  if (!metadataIsValid.value) {
    queueMicrotask(() => onEnd(localStatus("INVALID_ARGUMENT", t("metadataInvalid"))));
    return { send: () => {}, halfClose: () => {}, cancel: () => {} };
  }
  const output: Shape["output"] = shape.output;
  const call = startCall(method, {
    root: rootUrl(),
    metadata: callMetadata.value,
    timeoutMs: timeoutMs.value,
    onEvent: (event) => {
      if (event.type === "message") onMessage(readMessage(output, parseJson(event.text).value));
      else if (event.type === "end") onEnd(event.status);
    },
  });
  return { send: (message) => call.send(JSON.stringify(message)), halfClose: () => call.halfClose(), cancel: () => call.cancel() };
}

/** Starts a call with one request. */
export function callWith<Shape extends MethodShape>(
  method: Shaped<Shape>,
  request: ValueOf<Shape["input"]>,
  listener: Listener<ValueOf<Shape["output"]>>,
): OpenCall<ValueOf<Shape["input"]>> {
  const call = openCall(method, listener);
  call.send(request);
  call.halfClose();
  return call;
}

/** The outcome of a call with one response. */
export type Outcome<Output> = { readonly message: Output; readonly status?: never } | { readonly message?: never; readonly status: Status };

/** Makes a call with one request and one response. */
export function callOnce<Shape extends MethodShape>(
  method: Shaped<Shape>,
  request: ValueOf<Shape["input"]>,
): Promise<Outcome<ValueOf<Shape["output"]>>> {
  return new Promise((resolve) => {
    let message: ValueOf<Shape["output"]> | undefined;
    callWith(method, request, {
      onMessage: (one) => {
        message = one;
      },
      onEnd: (status) => resolve(status.code === "OK" && message !== undefined ? { message } : { status }),
    });
  });
}
