// Reads the header list of a request. The result is cached on the list, because clients repeat
// their lists.
import { HeaderList } from "@grpc-study/http2";
import { Code } from "../../../protocol/code.ts";
import { type Compression, isCompression } from "../../../protocol/compression.ts";
import type { Metadata } from "../../../protocol/metadata.ts";
import { parseTimeout } from "../../../protocol/timeout.ts";
import type { ServedMethod } from "../../server.ts";
import { halfClosesBeforeReset } from "./half-close.ts";
import { requestMetadata } from "./request-metadata.ts";
import { httpList, trailersOnlyList } from "./response-lists.ts";

/** The server's methods and limits for header lists. */
export interface HeadRules {
  readonly methods: ReadonlyMap<string, ServedMethod>;
  /** Returns further methods, which may change at run time. */
  readonly find: ((path: string) => ServedMethod | undefined) | undefined;
  /** Whether requests other than gRPC have a handler. */
  readonly takesOthers: boolean;
  readonly maxMetadataPairs: number;
}

export class RequestHead {
  readonly method: ServedMethod;
  readonly #list: HeaderList;
  /** The timeout in milliseconds; Infinity if there is none. */
  readonly timeoutMs: number;
  /** The compression of the requests; undefined if it is not supported. */
  readonly compression: Compression | undefined;
  /** The `grpc-encoding` as it arrived. */
  readonly encoding: string;
  readonly acceptEncoding: string;
  /** Whether a half-close may be the beginning of a cancel: see `halfClosesBeforeReset`. */
  readonly mayReset: boolean;
  /** For the method: see `ServerStream.head`. */
  memo: unknown = undefined;

  constructor(method: ServedMethod, list: HeaderList, fields: Fields) {
    this.method = method;
    this.#list = list;
    this.timeoutMs = fields.timeoutMs;
    const { encoding = "identity", acceptEncoding = "" } = fields;
    this.encoding = encoding;
    this.compression = isCompression(encoding) ? encoding : undefined;
    this.acceptEncoding = acceptEncoding;
    this.mayReset = method.requestStream && halfClosesBeforeReset(fields.userAgent);
  }

  get authority(): string {
    return authorityOf(this.#list);
  }

  metadata(): Metadata {
    return requestMetadata(this.#list);
  }
}

/** RFC 9113, section 8.3.1: a request without `:authority` may have `host`. */
export function authorityOf(list: HeaderList): string {
  return list.authority ?? list.get("host") ?? "";
}

/**
 * The fields that the protocol reads. The values of a repeated field are joined to a list (RFC
 * 9110, section 5.3), which is never a valid timeout or encoding.
 */
class Fields {
  contentType: string | undefined = undefined;
  timeout: string | undefined = undefined;
  timeoutMs: number = Number.POSITIVE_INFINITY;
  encoding: string | undefined = undefined;
  acceptEncoding: string | undefined = undefined;
  userAgent = "";

  constructor(list: HeaderList) {
    const { flat, regularStart } = list;
    for (let i = flat.length - 2; i >= regularStart; i -= 2) {
      const value = flat[i + 1] as string;
      switch (flat[i]) {
        case "content-type":
          this.contentType = value;
          break;
        case "grpc-timeout":
          this.timeout = listOf(value, this.timeout);
          break;
        case "grpc-encoding":
          this.encoding = listOf(value, this.encoding);
          break;
        case "grpc-accept-encoding":
          this.acceptEncoding = listOf(value, this.acceptEncoding);
          break;
        case "user-agent":
          this.userAgent = value;
          break;
      }
    }
  }
}

/** Fields are read from the last to the first. */
function listOf(value: string, rest: string | undefined): string {
  return rest === undefined ? value : `${value}, ${rest}`;
}

/**
 * Protobuf is the only supported codec. Parameters, as in `application/grpc; charset=utf-8`, are
 * ignored.
 */
const grpcType = /^application\/grpc(\+proto)?[\t ]*(;.*)?$/i;

function isGrpcType(type: string | undefined): boolean {
  return type === "application/grpc" || type === "application/grpc+proto" || (type !== undefined && grpcType.test(type));
}

/** How many characters of a path are quoted in a message. */
const shownPath = 256;

const status = (code: Code, message: string) => ({ code, message, metadata: undefined });

const notPost = httpList(405, status(Code.INTERNAL, "a call must be a POST request"), [["allow", "POST"]]);
/** Requests other than gRPC get a plain HTTP response (PROTOCOL-HTTP2.md). */
export const notGrpc: HeaderList = HeaderList.response(415, [["accept-post", "application/grpc, application/grpc+proto"]]);

/** The memo of a response to a call whose method is not served. */
export const unknownMethod: unique symbol = Symbol("unknown method");

/** Returns the head of a call, or the header list of the complete response that rejects it. */
export function readHead(list: HeaderList, rules: HeadRules): RequestHead | HeaderList {
  const { memo, path = "" } = list;
  if (memo instanceof RequestHead && (rules.find === undefined || memo.method === methodOf(path, rules))) return memo;
  const fields = new Fields(list);
  const isGrpc = isGrpcType(fields.contentType);
  if (!isGrpc && rules.takesOthers) return notGrpc;
  // The order of the checks in grpc-go.
  if (list.method !== "POST") return notPost;
  if (!isGrpc) return notGrpc;
  const { timeout } = fields;
  if (timeout !== undefined) {
    const timeoutMs = parseTimeout(timeout);
    if (timeoutMs === undefined) return trailersOnlyList(status(Code.INTERNAL, `malformed grpc-timeout: "${timeout.slice(0, 32)}"`));
    fields.timeoutMs = Math.ceil(timeoutMs);
  }
  const pairs = list.flat.length / 2;
  if (pairs > rules.maxMetadataPairs) {
    const message = `the request has ${pairs} header fields, and limits.maxMetadataPairs is ${rules.maxMetadataPairs}`;
    return trailersOnlyList(status(Code.RESOURCE_EXHAUSTED, message));
  }
  const method = methodOf(path, rules);
  // Not cached: the method may be added later.
  if (method === undefined) {
    const response = trailersOnlyList(status(Code.UNIMPLEMENTED, `The server does not implement the method ${path.slice(0, shownPath)}`));
    response.memo = unknownMethod;
    return response;
  }
  const head = new RequestHead(method, list, fields);
  list.memo = head;
  return head;
}

function methodOf(path: string, { methods, find }: HeadRules): ServedMethod | undefined {
  return methods.get(path) ?? find?.(path);
}
