// Cases beyond h2spec in the same format, from RFC 9113 and RFC 7541.

import {
  type Case,
  connectionError,
  dataOf,
  get,
  pong,
  post,
  responseEnd,
  responseHeaders,
  send,
  settingsAcked,
  streamError,
} from "../h2spec/case.ts";
import {
  code,
  continuation,
  data,
  dependency,
  flag,
  frame,
  goaway,
  headers,
  many,
  padded,
  ping,
  priority,
  rstStream,
  setting,
  settings,
  type,
  uint32,
  windowUpdate,
} from "../raw/frames.ts";
import { block, type Fields, incremental, indexed, integer, plain, request, tableSize } from "../raw/hpack.ts";

const open = (stream: number, fields: Uint8Array = post) => headers(stream, fields, flag.endHeaders);
const onStream = (kind: number, stream: number, length: number, flags: number = flag.none) =>
  frame(kind, flags, stream, Buffer.alloc(length));

const fatal = (section: string, title: string, error: number, ...frames: readonly Uint8Array[]): Case => ({
  section,
  title,
  steps: [send(...frames), connectionError(error)],
});
const malformed = (section: string, title: string, ...frames: readonly Uint8Array[]): Case => ({
  section,
  title,
  steps: [send(...frames), streamError(1, code.protocolError)],
});
const accepted = (section: string, title: string, ...frames: readonly Uint8Array[]): Case => ({
  section,
  title,
  steps: [send(...frames), responseEnd(1), send(ping("after")), pong("after")],
});
const withFields = (...more: Fields) => headers(1, request({ ":method": "GET" }, more));

const frameCases: readonly Case[] = [
  fatal("6.1", "DATA with PADDED but without a pad length", code.frameSizeError, open(1), onStream(type.data, 1, 0, flag.padded)),
  accepted("6.1", "DATA that is only padding", open(1), data(1, padded(Buffer.alloc(0), 255), flag.padded), data(1, "x", flag.endStream)),
  accepted(
    "6.1",
    "DATA whose padding ends the stream",
    open(1),
    data(1, "x"),
    data(1, padded(Buffer.alloc(0), 0), flag.padded | flag.endStream),
  ),
  fatal(
    "6.2",
    "HEADERS with PRIORITY but without its five bytes",
    code.frameSizeError,
    headers(1, Buffer.of(0, 0), flag.endHeaders | flag.priority),
  ),
  fatal(
    "6.2",
    "HEADERS with PADDED but without a pad length",
    code.frameSizeError,
    headers(1, Buffer.alloc(0), flag.endHeaders | flag.padded),
  ),
  accepted(
    "6.2",
    "HEADERS with padding and a priority",
    headers(1, padded(Buffer.concat([dependency(0, 10, true), get]), 20), flag.endHeaders | flag.endStream | flag.padded | flag.priority),
  ),
  fatal("6.4", "RST_STREAM longer than 4", code.frameSizeError, open(1), onStream(type.rstStream, 1, 5)),
  fatal("6.5", "SETTINGS on a stream that is open", code.protocolError, open(1), onStream(type.settings, 1, 0)),
  fatal("6.5", "an acknowledgement of SETTINGS on a stream", code.protocolError, onStream(type.settings, 1, 0, flag.ack)),
  fatal("6.6", "PUSH_PROMISE on an open stream", code.protocolError, open(1), onStream(type.pushPromise, 1, 10, flag.endHeaders)),
  fatal("6.7", "PING with ACK with a length other than 8", code.frameSizeError, onStream(type.ping, 0, 7, flag.ack)),
  fatal("6.8", "GOAWAY shorter than 8", code.frameSizeError, onStream(type.goaway, 0, 7)),
  fatal("6.9", "WINDOW_UPDATE longer than 4 on a stream", code.frameSizeError, open(1), onStream(type.windowUpdate, 1, 5)),
  fatal("6.10", "DATA inside a field block of another stream", code.protocolError, open(1), headers(3, get, flag.none), data(1, "x")),
  fatal("6.10", "SETTINGS inside a field block", code.protocolError, headers(1, get, flag.none), settings()),
  fatal("6.10", "RST_STREAM inside a field block", code.protocolError, headers(1, get, flag.none), rstStream(1, code.cancel)),
  fatal("6.10", "the field block again inside a field block", code.protocolError, headers(1, get, flag.none), headers(1, get)),
  accepted(
    "6.10",
    "a field block with one byte per frame",
    headers(1, Buffer.alloc(0), flag.endStream),
    many(40, (index) => continuation(1, get.subarray(index, index + 1), flag.none)),
    continuation(1, get.subarray(40)),
  ),
];

const streamCases: readonly Case[] = [
  fatal("5.1", "WINDOW_UPDATE on an even stream", code.protocolError, windowUpdate(2, 1)),
  fatal("5.1", "RST_STREAM on an even stream", code.protocolError, rstStream(2, code.cancel)),
  fatal("5.1.1", "HEADERS on a stream that was skipped", code.protocolError, open(5), open(3)),
  fatal("5.1.1", "DATA on a stream that was skipped", code.streamClosed, open(5), data(3, "x")),
  accepted("5.1", "WINDOW_UPDATE and PRIORITY after the end of the request", headers(1, get), windowUpdate(1, 100), priority(1, 3)),
  {
    section: "5.1",
    title: "DATA, HEADERS and WINDOW_UPDATE on a stream that the server has reset",
    steps: [
      send(open(1), windowUpdate(1, 0)),
      streamError(1, code.protocolError),
      send(data(1, "late"), windowUpdate(1, 1), headers(1, block([["x", "y"]])), priority(1, 0)),
      send(headers(3, get)),
      responseEnd(3),
    ],
  },
  {
    section: "6.9",
    title: "DATA on reset streams counts for the connection window, which opens again",
    steps: [
      send(open(1), windowUpdate(1, 0)),
      streamError(1, code.protocolError),
      async (peer) => {
        for (let round = 0; round < 10; round++) {
          peer.send(many(20, () => data(1, Buffer.alloc(16_000))));
          if (!(await peer.ping(`${round}`))) throw new Error(`the connection ended: ${peer.transcript()}`);
        }
      },
      send(headers(3, get)),
      responseEnd(3),
    ],
  },
  {
    section: "6.9.2",
    title: "SETTINGS changes the windows of all streams",
    steps: [
      send(settings([setting.initialWindowSize, 0])),
      settingsAcked,
      send(headers(1, get), headers(3, get), headers(5, get)),
      responseHeaders(5),
      send(settings([setting.initialWindowSize, 2])),
      dataOf(1, 2),
      dataOf(3, 2),
      dataOf(5, 2),
    ],
  },
  fatal(
    "6.9.2",
    "a SETTINGS_INITIAL_WINDOW_SIZE that raises a window above 2^31-1",
    code.flowControlError,
    open(1),
    windowUpdate(1, 2 ** 31 - 1 - 65_535),
    settings([setting.initialWindowSize, 65_536]),
  ),
  {
    section: "6.8",
    title: "GOAWAY while the call continues",
    steps: [send(open(1), goaway(0, code.noError), data(1, "x", flag.endStream)), responseEnd(1)],
  },
  fatal("4.1", "the reserved bit does not hide stream 0", code.protocolError, frame(type.data, 0, 0x8000_0000, Buffer.from("x"))),
  {
    section: "6.9",
    title: "the reserved bit of an increment",
    steps: [
      send(settings([setting.initialWindowSize, 0]), headers(1, get), frame(type.windowUpdate, 0, 1, uint32(0x8000_0003))),
      dataOf(1, 3),
    ],
  },
];

const messageCases: readonly Case[] = [
  accepted("8.1", "trailers without a body", open(1), headers(1, block([["x", "y"]]))),
  accepted("8.1", "empty trailers", open(1), data(1, "x"), headers(1, Buffer.alloc(0))),
  malformed("8.1", "a second request on a stream", open(1), open(1)),
  malformed("8.1.1", "a content-length without a body", headers(1, request({ "content-length": "1" }))),
  malformed("8.1.1", "a content-length that is negative", headers(1, request({ "content-length": "-1" }))),
  malformed(
    "8.1.1",
    "two values of content-length",
    open(
      1,
      request({}, [
        ["content-length", "1"],
        ["content-length", "2"],
      ]),
    ),
  ),
  malformed(
    "8.1.1",
    "a content-length larger than the body, with trailers",
    open(1, request({ "content-length": "2" })),
    data(1, "x"),
    headers(1, block([["x", "y"]])),
  ),
  accepted("8.1.1", "a content-length of 0", headers(1, request({ "content-length": "0" }))),
  malformed("8.2.1", "an empty field name", withFields(["", "x"])),
  malformed("8.2.1", "a field name with a space", withFields(["x y", "z"])),
  malformed("8.2.1", "a field name with a byte above 0x7f", withFields(["x\xff", "z"])),
  malformed("8.2.1", "a field value with a carriage return", withFields(["x", "y\rz"])),
  malformed("8.2.1", "a field value with NUL", withFields(["x", "\0"])),
  malformed("8.2.1", "a field value with white space at its start", withFields(["x", " y"])),
  accepted("8.2.1", "a field value with bytes above 0x7f and tabs inside", withFields(["x", "a\tb\xff"])),
  malformed("8.2", "a field name in upper case in trailers", open(1), headers(1, block([["X", "y"]]))),
  malformed("8.2.2", "transfer-encoding", withFields(["transfer-encoding", "chunked"])),
  malformed("8.2.2", "a connection-specific field in trailers", open(1), headers(1, block([["upgrade", "h2c"]]))),
  accepted("8.2.3", "cookie crumbs", withFields(["cookie", "a=b"], ["cookie", "c=d"])),
  malformed("8.3.1", ":authority twice", headers(1, Buffer.concat([get, plain(":authority", "localhost")]))),
  malformed("8.3.1", ":authority with user information", headers(1, request({ ":authority": "user@localhost" }))),
  malformed("8.3.1", "host and :authority that differ", headers(1, request({ host: "other" }))),
  accepted("8.3.1", "host and no :authority", headers(1, request({ ":authority": undefined, host: "localhost" }))),
  malformed("8.3.1", "an empty :method", headers(1, request({ ":method": "" }))),
  malformed("8.3.1", "a :path without a slash", headers(1, request({ ":path": "echo" }))),
  accepted("8.3.1", "OPTIONS *", headers(1, request({ ":method": "OPTIONS", ":path": "*" }))),
  malformed("8.5", "CONNECT with a :path", headers(1, request({ ":method": "CONNECT" }))),
  malformed(
    "8.5",
    "CONNECT without :authority",
    headers(1, request({ ":method": "CONNECT", ":path": undefined, ":scheme": undefined, ":authority": undefined })),
  ),
  malformed(
    "4 of RFC 8441",
    ":protocol, which this server does not announce",
    headers(1, request({ ":method": "CONNECT", ":protocol": "websocket" })),
  ),
];

const undecodable = (section: string, title: string, ...parts: readonly Uint8Array[]): Case =>
  fatal(`${section} of RFC 7541`, title, code.compressionError, headers(1, Buffer.concat([get, ...parts])));

const hpackCases: readonly Case[] = [
  undecodable("5.1", "an integer of too many bytes", Buffer.of(0xff), Buffer.alloc(12, 0xff), Buffer.of(0)),
  undecodable("5.1", "an integer that ends too soon", Buffer.of(0x7f, 0x80)),
  undecodable("5.2", "a string longer than its block", Buffer.of(0x00), integer(100, 7), Buffer.from("x")),
  undecodable("5.2", "a Huffman string of EOS padding only", Buffer.of(0x00, 0x81, 0xff, 0x00)),
  undecodable("6.1", "an index of the dynamic table while it is empty", indexed(62)),
  undecodable("6.3", "a table size update between fields", tableSize(100), plain("x", "y")),
  {
    section: "4.3 of RFC 7541",
    title: "an index whose field was evicted",
    steps: [
      send(headers(1, Buffer.concat([tableSize(64), get, incremental("x-one", "y"), incremental("x-two", "y")]))),
      responseEnd(1),
      send(headers(3, Buffer.concat([get, indexed(63)]))),
      connectionError(code.compressionError),
    ],
  },
  {
    section: "4.4 of RFC 7541",
    title: "a field larger than the table empties it without an error",
    steps: [
      send(headers(1, Buffer.concat([get, incremental("x-one", "y"), incremental("x-large", "z".repeat(5_000))]))),
      responseEnd(1),
      send(headers(3, Buffer.concat([get, indexed(62)]))),
      connectionError(code.compressionError),
    ],
  },
  {
    section: "2.3.2 of RFC 7541",
    title: "the table persists across requests, even after a malformed one",
    steps: [
      send(headers(1, Buffer.concat([get, incremental("X-UPPER", "y")]))),
      streamError(1, code.protocolError),
      send(headers(3, Buffer.concat([get, incremental("x-lower", "y"), indexed(62)]))),
      responseEnd(3),
      send(headers(5, Buffer.concat([get, indexed(62)]))),
      responseEnd(5),
    ],
  },
];

export const cases: readonly Case[] = [...frameCases, ...streamCases, ...messageCases, ...hpackCases];
