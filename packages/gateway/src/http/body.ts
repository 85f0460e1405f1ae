// Reads request bodies: as a whole, with limits on size and time, or line by line.
import { isUtf8 } from "node:buffer";
import { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { Code, RpcError } from "@grpc-study/rpc";
import { quote } from "../fields/invalid-field.ts";
import { HttpError } from "./errors.ts";
import { discard } from "./inflate.ts";
import type { RequestHeaders } from "./message.ts";

export interface BodyLimits {
  /** Maximum size of a body, or of one message of a stream, in bytes. */
  readonly bodyLimit: number;
  /** Time limit for a whole body, or for the next chunk of a stream, in milliseconds. */
  readonly bodyTimeoutMs: number;
}

const empty = Buffer.alloc(0);

/**
 * Reads a whole body.
 *
 * @throws HttpError 413 (too large), 408 (too slow) or 400 (aborted, or malformed gzip)
 */
export async function readBody(body: Readable, limits: BodyLimits): Promise<Buffer> {
  if (!(body instanceof IncomingMessage) || body.readableFlowing !== null) return collect(body, limits);
  // Node parses the rest of what has arrived. That is the whole body of most requests, which then
  // needs no listeners and no timer.
  await undefined;
  if (body.destroyed) throw broken();
  if (!body.complete) return collect(body, limits);
  if (body.readableLength > limits.bodyLimit) {
    discard(body);
    throw tooLarge("the body", limits.bodyLimit);
  }
  return (body.read() as Buffer | null) ?? empty;
}

/**
 * Reads a body as it arrives.
 *
 * Removes its listeners at the end. V8 may allocate Node's tables of listeners in old space, where they
 * would keep the listeners and the body alive until the next full collection.
 */
function collect(body: Readable, { bodyLimit, bodyTimeoutMs }: BodyLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined;
    let chunks: Buffer[] | undefined;
    let size = 0;
    const settle = () => {
      clearTimeout(timer);
      // An `error` event without a listener would be thrown.
      body.on("error", ignore).off("data", onData).off("end", onEnd).off("close", onBroken).off("error", onBroken);
    };
    const fail = (error: HttpError) => {
      settle();
      discard(body);
      reject(error);
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > bodyLimit) fail(tooLarge("the body", bodyLimit));
      else if (first === undefined) first = chunk;
      else if (chunks === undefined) chunks = [first, chunk];
      else chunks.push(chunk);
    };
    const onEnd = () => {
      settle();
      resolve(chunks === undefined ? (first ?? empty) : Buffer.concat(chunks));
    };
    const onBroken = (error?: Error) => fail(broken(error));
    const timer = setTimeout(() => fail(tooSlow("the body", bodyTimeoutMs)), bodyTimeoutMs);
    body.on("data", onData).on("end", onEnd).on("close", onBroken).on("error", onBroken);
  });
}

const ignore = () => {};

/**
 * Decodes a body.
 *
 * @throws RpcError INVALID_ARGUMENT if it is not UTF-8.
 */
export function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new RpcError(Code.INVALID_ARGUMENT, "the body is not UTF-8");
  return bytes.toString("utf8");
}

const newline = 0x0a;

/**
 * Reads a body chunk by chunk. The time limit applies to each read, and excludes the time in which
 * the consumer handles a chunk. `return()` keeps the body alive: destroying it would close the
 * connection before the response.
 *
 * @throws HttpError 408 (too slow) or 400 (aborted, or malformed gzip)
 */
export async function* readChunks(body: Readable, { bodyTimeoutMs }: BodyLimits): AsyncGenerator<Buffer, void, undefined> {
  const chunks = body.iterator({ destroyOnReturn: false }) as AsyncGenerator<Buffer, undefined>;
  body.on("error", ignore);
  try {
    for (;;) {
      const result = await inTime(chunks.next(), bodyTimeoutMs);
      if (result.done) return;
      yield result.value;
    }
  } finally {
    chunks.return(undefined).then(
      () => discard(body),
      () => {},
    );
  }
}

async function inTime<T>(read: Promise<T>, timeoutMs: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  // Node emits no more events for a request once its response has ended. If the connection closes
  // then, the read never settles, so the timer must not keep the process alive.
  const timer = setTimeout(() => reject(tooSlow("the body", timeoutMs)), timeoutMs).unref();
  try {
    return await Promise.race([read, promise]);
  } catch (error) {
    throw error instanceof HttpError ? error : broken(error);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Splits a body into its lines, without empty ones.
 *
 * @throws HttpError 413 if a line is too long, RpcError INVALID_ARGUMENT if it is not UTF-8.
 */
export async function* readLines(chunks: AsyncIterable<Buffer>, bodyLimit: number): AsyncGenerator<string, void, undefined> {
  let rest: Buffer[] = [];
  let size = 0;
  const take = (end: Buffer): string => {
    const line = textOf(rest.length === 0 ? end : Buffer.concat([...rest, end])).trim();
    rest = [];
    size = 0;
    return line;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      if (size + end - start > bodyLimit) throw tooLarge("a line of the body", bodyLimit);
      const line = take(chunk.subarray(start, end));
      start = end + 1;
      if (line !== "") yield line;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
    size += chunk.length - start;
    if (size > bodyLimit) throw tooLarge("a line of the body", bodyLimit);
  }
  const last = take(empty);
  if (last !== "") yield last;
}

export function tooLarge(what: string, limit: number): HttpError {
  return new HttpError(413, Code.RESOURCE_EXHAUSTED, `${what} is larger than the limit of ${limit} bytes`, { connection: "close" });
}

/** The error for a body, or a part of it, that takes too long. Its rest may never arrive. */
export function tooSlow(what: string, timeoutMs: number): HttpError {
  return new HttpError(408, Code.DEADLINE_EXCEEDED, `${what} did not arrive within ${timeoutMs} ms`, { connection: "close" });
}

/**
 * The error for a body that fails before its end.
 *
 * @param cause the error of the stream: zlib's, if the content is not gzip as the client declared.
 */
export function broken(cause?: unknown): HttpError {
  const { code = "", message = "" } = (cause ?? {}) as NodeJS.ErrnoException;
  if (code.startsWith("Z_")) return new HttpError(400, Code.INVALID_ARGUMENT, `the body is not gzip: ${message}`, { connection: "close" });
  return new HttpError(400, Code.CANCELLED, "the body was cut off", { connection: "close" });
}

const json = /^application\/(?:[\w.-]+\+)?json$/;
const lines = /^application\/(?:x-)?(?:ndjson|jsonl)$/;
const form = /^(?:application\/x-www-form-urlencoded|multipart\/form-data)$/;
const gzip = /^(?:x-)?gzip$/i;

/**
 * The encoding of a body.
 *
 * @throws HttpError 415 if the gateway does not support it.
 */
export function encodingOf({ "content-encoding": encoding = "identity" }: RequestHeaders): "gzip" | "identity" {
  if (gzip.test(encoding)) return "gzip";
  if (encoding.toLowerCase() === "identity") return "identity";
  const message = `content-encoding must be gzip or identity, got ${quote(encoding)}`;
  throw new HttpError(415, Code.INVALID_ARGUMENT, message, { "accept-encoding": "gzip, identity" });
}

/**
 * Whether a body is one JSON text, or one on each line.
 *
 * @param stream whether lines are allowed.
 * @throws HttpError 415 for other types. It names the supported ones (RFC 9110, section 15.5.16).
 */
export function jsonKind({ "content-type": contentType }: RequestHeaders, stream: boolean): "json" | "lines" {
  const type = contentType?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const charset = /;\s*charset=\s*"?([\w-]+)/i.exec(contentType ?? "")?.[1]?.toLowerCase() ?? "utf-8";
  const kind = json.test(type) ? "json" : stream && lines.test(type) ? "lines" : undefined;
  if (kind !== undefined && (charset === "utf-8" || charset === "utf8" || charset === "us-ascii")) return kind;
  const supported = stream ? "application/json or application/x-ndjson" : "application/json";
  const actual = contentType === undefined ? "got none" : `got ${quote(contentType)}`;
  // `curl -d` and HTML forms send these types.
  const hint = contentType === undefined || form.test(type) ? ": send JSON with the header content-type: application/json" : "";
  const message = `content-type must be ${supported}, ${actual}${hint}`;
  throw new HttpError(415, Code.INVALID_ARGUMENT, message, { accept: supported.replace(" or ", ", ") });
}
