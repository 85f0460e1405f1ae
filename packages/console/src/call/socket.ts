// Calls with a request stream, by Connect over the gateway's WebSocket: a browser cannot send a request
// body message by message over HTTP/1.1.

import { t } from "../i18n/index.ts";
import { byteLength } from "./byte-length.ts";
import { endOf } from "./fetch.ts";
import { joined, readMetadata } from "./headers.ts";
import { nextTurn } from "./slices.ts";
import { asObject, localStatus, type Status } from "./status.ts";
import type { Call, CallEvent, StartCall } from "./types.ts";

const subprotocol = "connect.json";

/**
 * The messages that the gateway sends before the page asks for more. A browser delivers all that have
 * arrived in one task, which must stay short; a window of few would be slow over a long way.
 */
const window = 1024;

export const callOverSocket: StartCall = ({ path }, { root, metadata, timeoutMs, onEvent }) => {
  const url = new URL(path, root);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(url, [subprotocol]);
  let waiting: string[] | undefined = [
    JSON.stringify({
      headers: { ...joined(metadata), ...(timeoutMs !== undefined && { "connect-timeout-ms": String(timeoutMs) }) },
      window,
    }),
  ];
  let opened = false;
  let ended = false;
  const emit = (event: CallEvent) => {
    if (ended) return;
    ended = event.type === "end";
    onEvent(event);
  };
  const end = (status: Status) => emit({ type: "end", status, trailer: [] });
  const send = (frame: string) => {
    if (waiting === undefined) socket.send(frame);
    else waiting.push(frame);
  };
  socket.addEventListener("open", () => {
    opened = true;
    for (const frame of waiting ?? []) socket.send(frame);
    waiting = undefined;
  });
  let taken = 0;
  let asks = false;
  /** Asks for as many messages as were taken, once the page has painted and reacted. */
  const ask = async () => {
    asks = true;
    await nextTurn();
    asks = false;
    if (socket.readyState === WebSocket.OPEN) socket.send(`+${taken}`);
    taken = 0;
  };
  socket.addEventListener("message", ({ data }) => {
    const event = eventOf(String(data));
    if (event === undefined) return;
    emit(event);
    if (event.type === "message" && ++taken >= window / 2 && !asks) void ask();
  });
  // A page does not learn the reason. A server with the gateway's fetch handler cannot upgrade.
  socket.addEventListener("close", () => end(localStatus("UNAVAILABLE", t(opened ? "lost" : "notOpened"))));
  const call: Call = {
    send,
    // An empty frame is the half-close.
    halfClose: () => send(""),
    cancel() {
      end(localStatus("CANCELLED", ""));
      socket.close();
    },
  };
  return call;
};

const messagePrefix = '{"message":';

/** Reads a frame. A message keeps its text, because JSON.parse loses digits of large numbers. */
export function eventOf(frame: string): CallEvent | undefined {
  if (frame.startsWith(messagePrefix)) {
    const text = frame.slice(messagePrefix.length, -1);
    return { type: "message", text, bytes: byteLength(text) };
  }
  const { headers, end } = asObject(JSON.parse(frame));
  if (headers !== undefined) return { type: "header", metadata: readMetadata(headers) };
  return end === undefined ? undefined : { type: "end", ...endOf(JSON.stringify(end)) };
}
