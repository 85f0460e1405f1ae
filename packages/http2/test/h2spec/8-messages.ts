// RFC 9113, section 8: expressing HTTP semantics.
import { code, data, flag, headers, pushPromise } from "../raw/frames.ts";
import { block, plain, request } from "../raw/hpack.ts";
import { type Case, connectionError, get, post, responseHeaders, send, streamError } from "./case.ts";

const open = (fields: Uint8Array) => headers(1, fields, flag.endHeaders);

/** A malformed request: section 8.1.1 requires a stream error of PROTOCOL_ERROR. */
const malformed = (section: string, title: string, ...frames: readonly Uint8Array[]): Case => ({
  section,
  title,
  steps: [send(...frames), streamError(1, code.protocolError)],
});

const after = (name: string, value: string) => headers(1, Buffer.concat([get, plain(name, value)]));

export const messages: readonly Case[] = [
  { section: "8", title: "a GET request", steps: [send(headers(1, get)), responseHeaders(1)] },
  { section: "8", title: "a HEAD request", steps: [send(headers(1, request({ ":method": "HEAD" }))), responseHeaders(1)] },
  { section: "8", title: "a POST request", steps: [send(open(post), data(1, "test", flag.endStream)), responseHeaders(1)] },
  {
    section: "8.1",
    title: "a POST request with trailers",
    steps: [send(open(request({ trailer: "x-test" })), data(1, "test"), headers(1, block([["x-test", "ok"]]))), responseHeaders(1)],
  },
  malformed("8.1", "trailers without END_STREAM", open(post), data(1, "test"), headers(1, block([["x-test", "ok"]]), flag.endHeaders)),
  malformed("8.2", "a field name in upper case", after("X-TEST", "ok")),
  malformed("8.3", "an unknown pseudo-header field", after(":test", "ok")),
  malformed("8.3", "a pseudo-header field of responses", after(":status", "200")),
  malformed(
    "8.3",
    "a pseudo-header field in trailers",
    open(post),
    data(1, "test"),
    headers(1, block([[":method", "POST"]]), flag.endHeaders),
  ),
  malformed("8.3", "a pseudo-header field after a regular one", headers(1, Buffer.concat([plain("x-test", "ok"), get]))),
  malformed("8.2.2", "a connection-specific field", after("connection", "keep-alive")),
  malformed(
    "8.2.2",
    "te with a value other than trailers",
    headers(1, request({ ":method": "GET", trailers: "test", te: "trailers, deflate" })),
  ),
  malformed("8.3.1", "an empty :path", headers(1, request({ ":method": "GET", ":path": "" }))),
  malformed("8.3.1", "no :method", headers(1, request({ ":method": undefined }))),
  malformed("8.3.1", "no :scheme", headers(1, request({ ":method": "GET", ":scheme": undefined }))),
  malformed("8.3.1", "no :path", headers(1, request({ ":method": "GET", ":path": undefined }))),
  malformed("8.3.1", ":method twice", after(":method", "GET")),
  malformed("8.3.1", ":scheme twice", after(":scheme", "http")),
  malformed("8.3.1", ":path twice", after(":path", "/echo")),
  malformed(
    "8.1.1",
    "a content-length that differs from the length of DATA",
    open(request({ "content-length": "1" })),
    data(1, "test", flag.endStream),
  ),
  malformed(
    "8.1.1",
    "a content-length that differs from the sum of DATA",
    open(request({ "content-length": "1" })),
    data(1, "test"),
    data(1, "test", flag.endStream),
  ),
  { section: "8.4", title: "PUSH_PROMISE", steps: [send(pushPromise(1, 3, get)), connectionError(code.protocolError)] },
];
