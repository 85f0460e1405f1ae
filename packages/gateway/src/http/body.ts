// Bodies of requests: whole, within limits of size and time, or as lines that come one by one.
import { isUtf8 } from "node:buffer";
import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { Code, RpcError } from "@grpc-study/rpc";
import { quote } from "../fields/invalid-field.ts";
import { HttpError } from "./errors.ts";
import { discard } from "./inflate.ts";

export interface BodyLimits {
  /** Bytes of a body, or of one message of a stream. */
  readonly bodyLimit: number;
  /** Milliseconds in which a body must have come; for a stream, in which the next part of it must. */
  readonly bodyTimeoutMs: number;
}

const empty = Buffer.alloc(0);

/** Reads a body. @throws HttpError 413, 408, 400 */
export function readBody(body: Readable, { bodyLimit, bodyTimeoutMs }: BodyLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined;
    let chunks: Buffer[] | undefined;
    let size = 0;
    let settled = false;
    const fail = (error: HttpError) => {
      settled = true;
      clearTimeout(timer);
      discard(body);
      reject(error);
    };
    const timer = setTimeout(() => fail(tooSlow(bodyTimeoutMs)), bodyTimeoutMs);
    const onBroken = (error?: Error) => {
      if (!settled) fail(broken(error));
    };
    // They stay: an error that nobody listens to would be thrown, and all else is over.
    body
      .on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (settled) return;
        if (size > bodyLimit) fail(tooLarge("the body", bodyLimit));
        else if (first === undefined) first = chunk;
        else if (chunks === undefined) chunks = [first, chunk];
        else chunks.push(chunk);
      })
      .on("end", () => {
        if (settled) return;
        settled = true;
        clearTimeout(timer);
        resolve(chunks === undefined ? (first ?? empty) : Buffer.concat(chunks));
      })
      .on("close", onBroken)
      .on("error", onBroken);
  });
}

/** The text of a body. @throws RpcError INVALID_ARGUMENT if it is not UTF-8. */
export function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new RpcError(Code.INVALID_ARGUMENT, "the body is not UTF-8");
  return bytes.toString("utf8");
}

const newline = 0x0a;

/**
 * The parts of a body, as they come. Each has its time, which is not that in which the last one is dealt with. The body is not destroyed when
 * no more of it is wanted: that would end the connection, and the response is yet to come. @throws HttpError 408, 400
 */
export async function* readParts(body: Readable, { bodyTimeoutMs }: BodyLimits): AsyncGenerator<Buffer, void, undefined> {
  const parts = body.iterator({ destroyOnReturn: false }) as AsyncGenerator<Buffer, undefined>;
  body.on("error", () => {});
  try {
    for (;;) {
      const part = await inTime(parts.next(), bodyTimeoutMs);
      if (part.done) return;
      yield part.value;
    }
  } finally {
    parts.return(undefined).then(
      () => discard(body),
      () => {},
    );
  }
}

async function inTime<T>(part: Promise<T>, timeoutMs: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  // A response that ends before its request is the last that Node tells of it: a connection that is closed then leaves this wait to itself.
  const timer = setTimeout(() => reject(tooSlow(timeoutMs)), timeoutMs).unref();
  try {
    return await Promise.race([part, promise]);
  } catch (error) {
    throw error instanceof HttpError ? error : broken(error);
  } finally {
    clearTimeout(timer);
  }
}

/** The lines of a body, as they come, without those that are empty. @throws HttpError, or RpcError */
export async function* readLines(parts: AsyncIterable<Buffer>, bodyLimit: number): AsyncGenerator<string, void, undefined> {
  let rest: Buffer[] = [];
  let size = 0;
  const take = (end: Buffer): string => {
    const line = textOf(rest.length === 0 ? end : Buffer.concat([...rest, end])).trim();
    rest = [];
    size = 0;
    return line;
  };
  for await (const part of parts) {
    let start = 0;
    for (let end = part.indexOf(newline); end >= 0; end = part.indexOf(newline, start)) {
      if (size + end - start > bodyLimit) throw tooLarge("a line of the body", bodyLimit);
      const line = take(part.subarray(start, end));
      start = end + 1;
      if (line !== "") yield line;
    }
    if (start < part.length) rest.push(part.subarray(start));
    size += part.length - start;
    if (size > bodyLimit) throw tooLarge("a line of the body", bodyLimit);
  }
  const last = take(empty);
  if (last !== "") yield last;
}

export function tooLarge(what: string, limit: number): HttpError {
  return new HttpError(413, Code.RESOURCE_EXHAUSTED, `${what} has more than ${limit} bytes`, { connection: "close" });
}

function tooSlow(timeoutMs: number): HttpError {
  return new HttpError(408, Code.DEADLINE_EXCEEDED, `the body did not come within ${timeoutMs} ms`, { connection: "close" });
}

/** @param cause what the stream ended with: an error of zlib, if what came is not what the client says. */
function broken(cause?: unknown): HttpError {
  const { code = "", message = "" } = (cause ?? {}) as NodeJS.ErrnoException;
  if (code.startsWith("Z_")) return new HttpError(400, Code.INVALID_ARGUMENT, `the body is not gzip: ${message}`, { connection: "close" });
  return new HttpError(400, Code.CANCELLED, "the body broke off", { connection: "close" });
}

const json = /^application\/(?:[\w.-]+\+)?json$/;
const lines = /^application\/(?:x-)?(?:ndjson|jsonl)$/;
const form = /^(?:application\/x-www-form-urlencoded|multipart\/form-data)$/;
const gzip = /^(?:x-)?gzip$/i;

/** @throws HttpError 415 for an encoding that is not known here. */
export function encodingOf({ "content-encoding": encoding = "identity" }: IncomingHttpHeaders): "gzip" | "identity" {
  if (gzip.test(encoding)) return "gzip";
  if (encoding.toLowerCase() === "identity") return "identity";
  const message = `the body's encoding must be gzip or identity, is ${quote(encoding)}`;
  throw new HttpError(415, Code.INVALID_ARGUMENT, message, { "accept-encoding": "gzip, identity" });
}

/**
 * Whether a body is JSON, or JSON on each line.
 *
 * @param stream whether it may be lines.
 * @throws HttpError 415 for what is neither, which names what is taken (RFC 9110, section 15.5.16).
 */
export function jsonKind({ "content-type": contentType }: IncomingHttpHeaders, stream: boolean): "json" | "lines" {
  const type = contentType?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const charset = /;\s*charset=\s*"?([\w-]+)/i.exec(contentType ?? "")?.[1]?.toLowerCase() ?? "utf-8";
  const kind = json.test(type) ? "json" : stream && lines.test(type) ? "lines" : undefined;
  if (kind !== undefined && (charset === "utf-8" || charset === "utf8" || charset === "us-ascii")) return kind;
  const taken = stream ? "application/json or application/x-ndjson" : "application/json";
  const is = contentType === undefined ? "and there is none" : `is ${quote(contentType)}`;
  // What `curl -d` and HTML forms send.
  const hint = contentType === undefined || form.test(type) ? ": send JSON, with the header content-type: application/json" : "";
  const message = `the body's type must be ${taken}, ${is}${hint}`;
  throw new HttpError(415, Code.INVALID_ARGUMENT, message, { accept: taken.replace(" or ", ", ") });
}
