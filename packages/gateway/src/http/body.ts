// Bodies of requests: whole, within limits of size and time, or as lines that come one by one.
import { isUtf8 } from "node:buffer";
import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { Code, RpcError } from "@grpc-study/rpc";
import { quote } from "../fields/invalid-field.ts";
import { HttpError } from "./errors.ts";

export interface BodyLimits {
  /** Bytes of a body, or of one message of a stream. */
  readonly bodyLimit: number;
  /** Milliseconds in which a body must have come; for a stream, in which the next part of it must. */
  readonly bodyTimeoutMs: number;
}

const empty = Buffer.alloc(0);

/** Reads a body. @throws HttpError 413, 408, 400 */
export function readBody(body: Readable, contentLength: string | undefined, { bodyLimit, bodyTimeoutMs }: BodyLimits): Promise<Buffer> {
  if (Number(contentLength) > bodyLimit) return Promise.reject(tooLarge("the body", bodyLimit));
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined;
    let chunks: Buffer[] | undefined;
    let size = 0;
    let settled = false;
    const fail = (error: HttpError) => {
      settled = true;
      clearTimeout(timer);
      body.resume();
      reject(error);
    };
    const timer = setTimeout(() => fail(tooSlow(bodyTimeoutMs)), bodyTimeoutMs);
    const onBroken = () => {
      if (!settled) fail(broken());
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
      () => body.resume(),
      () => {},
    );
  }
}

async function inTime<T>(part: Promise<T>, timeoutMs: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(tooSlow(timeoutMs)), timeoutMs);
  try {
    return await Promise.race([part, promise]);
  } catch (error) {
    throw error instanceof HttpError ? error : broken();
  } finally {
    clearTimeout(timer);
  }
}

/** The lines of a body, as they come, without those that are empty. @throws HttpError, or RpcError */
export async function* readLines(body: Readable, limits: BodyLimits): AsyncGenerator<string, void, undefined> {
  const { bodyLimit } = limits;
  let rest: Buffer[] = [];
  let size = 0;
  const take = (end: Buffer): string => {
    const line = textOf(rest.length === 0 ? end : Buffer.concat([...rest, end])).trim();
    rest = [];
    size = 0;
    return line;
  };
  for await (const part of readParts(body, limits)) {
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

function tooLarge(what: string, limit: number): HttpError {
  return new HttpError(413, Code.RESOURCE_EXHAUSTED, `${what} has more than ${limit} bytes`, { connection: "close" });
}

function tooSlow(timeoutMs: number): HttpError {
  return new HttpError(408, Code.DEADLINE_EXCEEDED, `the body did not come within ${timeoutMs} ms`, { connection: "close" });
}

function broken(): HttpError {
  return new HttpError(400, Code.CANCELLED, "the body broke off", { connection: "close" });
}

const json = /^application\/(?:[\w.-]+\+)?json$/;
const lines = /^application\/(?:x-)?(?:ndjson|jsonl)$/;

/**
 * Refuses a body that is not JSON, or is compressed. One without a type is taken for JSON.
 *
 * @param stream whether it has a message on each line.
 * @throws HttpError 415
 */
export function checkContentType(headers: IncomingHttpHeaders, stream: boolean): void {
  const { "content-type": contentType, "content-encoding": encoding = "identity" } = headers;
  if (encoding !== "identity") {
    const message = `the body must not be encoded, is ${quote(encoding)}`;
    throw new HttpError(415, Code.INVALID_ARGUMENT, message, { "accept-encoding": "identity" });
  }
  if (contentType === undefined) return;
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const charset = /;\s*charset=\s*"?([\w-]+)/i.exec(contentType)?.[1]?.toLowerCase() ?? "utf-8";
  const known = json.test(type) || (stream && lines.test(type));
  if (known && (charset === "utf-8" || charset === "utf8" || charset === "us-ascii")) return;
  const wanted = stream ? "application/x-ndjson" : "application/json";
  throw new HttpError(415, Code.INVALID_ARGUMENT, `the body's type must be ${wanted}, is ${JSON.stringify(contentType.slice(0, 64))}`);
}
