// Unary calls and server streams by Connect over fetch: https://connectrpc.com/docs/protocol

import { t } from "../i18n/index.ts";
import { EnvelopeReader, envelope } from "./envelopes.ts";
import { joined, readHeaders, readMetadata } from "./headers.ts";
import { Slices } from "./slices.ts";
import { asObject, codeOfHttp, localStatus, ok, type Status, statusOf } from "./status.ts";
import type { Call, CallEvent, CallOptions, Metadata, StartCall } from "./types.ts";

const compressedFlag = 0x01;
const endFlag = 0x02;

/** The request is sent with the half-close, as it has one message. */
export const callOverFetch: StartCall = ({ path, kind }, options) => {
  const controller = new AbortController();
  const messages: string[] = [];
  let begun = false;
  let ended = false;
  const onEvent = (event: CallEvent) => {
    if (ended) return;
    ended = event.type === "end";
    options.onEvent(event);
  };
  const end = (status: Status, trailer: Metadata = []) => onEvent({ type: "end", status, trailer });
  const call: Call = {
    send: (text) => void messages.push(text),
    halfClose() {
      if (begun) return;
      begun = true;
      const [body = "{}"] = messages;
      const request = { url: new URL(path, options.root), body, signal: controller.signal, options };
      const run = kind === "unary" ? unary(request, onEvent) : serverStream(request, onEvent);
      run.catch((error: unknown) => end(localStatus("UNAVAILABLE", error instanceof Error ? error.message : String(error))));
    },
    cancel() {
      end(localStatus("CANCELLED", ""));
      controller.abort();
    },
  };
  return call;
};

interface Request {
  readonly url: URL;
  readonly body: string;
  readonly signal: AbortSignal;
  readonly options: CallOptions;
}

type OnEvent = CallOptions["onEvent"];

function post({ url, signal, options }: Request, type: string, body: string | Uint8Array<ArrayBuffer>): Promise<Response> {
  const { metadata, timeoutMs } = options;
  const headers = {
    ...joined(metadata),
    "content-type": type,
    "connect-protocol-version": "1",
    ...(timeoutMs !== undefined && { "connect-timeout-ms": String(timeoutMs) }),
  };
  return fetch(url, { method: "POST", headers, body, signal, credentials: "same-origin", redirect: "error" });
}

async function unary(request: Request, onEvent: OnEvent): Promise<void> {
  const response = await post(request, "application/json", request.body);
  const { header, trailer } = readHeaders(response.headers);
  onEvent({ type: "header", metadata: header });
  const bytes = await response.arrayBuffer();
  const text = new TextDecoder().decode(bytes);
  if (response.ok) {
    onEvent({ type: "message", text, bytes: bytes.byteLength });
    onEvent({ type: "end", status: ok, trailer });
  } else onEvent({ type: "end", status: errorOf(response, text), trailer });
}

/** The status in a response that is an error. */
function errorOf(response: Response, text: string): Status {
  try {
    const error = asObject(JSON.parse(text));
    if (typeof error["code"] === "string") return statusOf(error);
    const { message } = error;
    if (typeof message === "string") return { ...ok, code: codeOfHttp(response.status), message };
  } catch {
    // A proxy may answer with HTML.
  }
  return { ...ok, code: codeOfHttp(response.status), message: `HTTP ${response.status} ${response.statusText}`.trim() };
}

async function serverStream(request: Request, onEvent: OnEvent): Promise<void> {
  const response = await post(request, "application/connect+json", envelope(request.body));
  onEvent({ type: "header", metadata: readHeaders(response.headers).header });
  if (!response.ok || !response.headers.get("content-type")?.startsWith("application/connect+json")) {
    onEvent({ type: "end", status: errorOf(response, await response.text()), trailer: [] });
    return;
  }
  const decoder = new TextDecoder();
  const envelopes = new EnvelopeReader();
  const reader = response.body?.getReader();
  const slices = new Slices();
  for (;;) {
    const { value, done } = (await reader?.read()) ?? { done: true };
    if (done || value === undefined) break;
    for (const { flags, data } of envelopes.read(value)) {
      if (flags & compressedFlag) throw new Error("the gateway compressed a message, although the page does not accept it");
      const text = decoder.decode(data);
      if (flags & endFlag) {
        onEvent({ type: "end", ...endOf(text) });
        return;
      }
      onEvent({ type: "message", text, bytes: data.length });
      // Chunks that have arrived are read without a turn of the event loop. While the page paints, unread
      // chunks stop the server, by the flow control of HTTP.
      if (slices.isOver) await slices.pause();
    }
  }
  throw new Error(t("lost"));
}

/** Reads the last message of a stream. */
export function endOf(text: string): { readonly status: Status; readonly trailer: Metadata } {
  const { error, metadata } = asObject(JSON.parse(text));
  return { status: error === undefined ? ok : statusOf(error), trailer: readMetadata(metadata) };
}
