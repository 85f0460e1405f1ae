// The error for failed calls, in clients and servers.
import { create, type DescMessage, fromBinary, type MessageInitShape, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { type Any, anyIs, anyPack, anyUnpack } from "@bufbuild/protobuf/wkt";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import {
  checkArray,
  checkObject,
  checkOptionNames,
  checkSchema,
  checkString,
  type Names,
  optional,
  outOfRange,
  wrongType,
} from "../checks.ts";
import { Code } from "./code.ts";
import { Metadata, MetadataError, type MetadataInit, toMetadata } from "./metadata.ts";
import { custom, detailsKey, keyFault, pushbackKey } from "./metadata-rules.ts";
import type { Status } from "./status.ts";

/**
 * Packs a message, usually one of `google.rpc`, as a detail of an error.
 *
 * @throws TypeError if an argument has the wrong type.
 */
export function detail<Desc extends DescMessage>(schema: Desc, message: MessageInitShape<Desc>): Any {
  checkSchema("the schema of a detail", schema);
  checkObject("the message of a detail", message);
  return anyPack(schema, create(schema, message));
}

export interface RpcErrorOptions {
  /**
   * Sent as trailers when a handler throws the error. A key of HTTP or of the protocol
   * (`content-type`, `grpc-status`, …) throws a MetadataError if `metadata` is an object with
   * entries, and is left out if it is a `Metadata`, which may have been received from another peer.
   * Metadata of more than 60 KiB is not sent, and the message says so.
   */
  readonly metadata?: MetadataInit | undefined;
  /** The details, packed with `detail(schema, message)`. Sent as `grpc-status-details-bin`. */
  readonly details?: readonly Any[] | undefined;
  /**
   * The delay in milliseconds, an integer of at least 0, after which a client with a retry policy
   * sends the call again. `false` disables retries of the call. Sent as `grpc-retry-pushback-ms`
   * (gRFC A6). Default: the client uses its own backoff.
   */
  readonly retryAfterMs?: number | false | undefined;
  /** The underlying error. It never leaves the process. */
  readonly cause?: unknown;
}

const names: Names<RpcErrorOptions> = { metadata: true, details: true, retryAfterMs: true, cause: true };
const brand = Symbol.for("@grpc-study/rpc.RpcError");
const received = Symbol.for("@grpc-study/rpc.RpcError.received");

/**
 * Why a call failed. A handler throws it to end its call with a status. In a client, calls reject
 * with it.
 *
 * A handler may rethrow the error of a call that it made itself: the code, message and details are
 * sent on. Metadata is sent on only if the handler asks for it: `new RpcError(error.code,
 * error.message, { details: error.details, metadata: { "x-reason": … } })`.
 *
 * `instanceof` works across copies of this package.
 */
export class RpcError extends Error {
  static {
    RpcError.prototype.name = "RpcError";
    Object.defineProperty(RpcError.prototype, brand, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // Subclasses use the ordinary `instanceof`.
    // biome-ignore lint/complexity/noThisInStatic: `this` may be a subclass
    if (this !== RpcError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === "object" && value !== null && brand in value;
  }

  /** The status code, never `OK`. */
  readonly code: Code;
  /**
   * In a client, the received trailers without the fields of HTTP and of the protocol. In a
   * handler, the option `metadata`.
   */
  readonly metadata: Metadata;
  /** The packed details. `findDetails` unpacks them by schema. */
  readonly details: readonly Any[];
  /** The option `retryAfterMs`. Undefined in a client. */
  readonly retryAfterMs: number | false | undefined;
  /**
   * The path of the method whose call failed: `/package.Service/Method`. Undefined unless a
   * client's call rejected with the error.
   */
  readonly method: string | undefined;

  /**
   * @param message sent to the peer as it is. Default: empty.
   * @throws TypeError or RangeError for a wrong argument or option, MetadataError for metadata that
   * cannot be sent.
   */
  constructor(code: Code, message = "", options: RpcErrorOptions = {}) {
    checkOptionNames("RpcError", options, names);
    super(checkString("the message of an RpcError", message), "cause" in options ? { cause: options.cause } : undefined);
    if (typeof code !== "number") throw wrongType("code", "a status code from 1 to 16", code);
    if (code === Code.OK) throw new RangeError("an RpcError cannot have the code OK");
    if (Code[code] === undefined) throw outOfRange("code", "a status code from 1 to 16", code);
    this.code = code;
    this.metadata = sendable(options.metadata);
    this.details = optional(checkDetails, "details", options.details) ?? [];
    this.retryAfterMs = checkRetryAfter(options.retryAfterMs);
    this.method = undefined;
  }

  /**
   * Returns the details with this schema, in their order. Leaves out details that cannot be parsed.
   *
   * @throws TypeError if `schema` is not a message schema.
   */
  findDetails<Desc extends DescMessage>(schema: Desc): MessageShape<Desc>[] {
    checkSchema("the schema of findDetails()", schema);
    return this.details.flatMap((any) => {
      if (!anyIs(any, schema)) return [];
      try {
        return anyUnpack(any, schema) ?? [];
      } catch {
        return [];
      }
    });
  }

  /** `CODE: message`, on one line. */
  override toString(): string {
    return `${Code[this.code] ?? this.code}: ${this.message.replace(/\s+/g, " ")}`;
  }

  /**
   * Converts a thrown value to the error of a call. Returns an RpcError as it is. Any other value
   * becomes INTERNAL with the message `internal error`, and is kept as the cause.
   */
  static from(thrown: unknown): RpcError {
    return thrown instanceof RpcError ? thrown : new RpcError(Code.INTERNAL, "internal error", { cause: thrown });
  }
}

/** gRFC A6 requires a signed 32-bit integer. */
function checkRetryAfter(value: number | false | undefined): number | false | undefined {
  if (value === undefined || value === false || (Number.isInteger(value) && value >= 0 && value < 2 ** 31)) return value;
  const fault = typeof value === "number" ? outOfRange : wrongType;
  throw fault("retryAfterMs", "an integer from 0 to 2,147,483,647, or false", value);
}

function checkDetails(name: string, value: unknown): readonly Any[] {
  const details = checkArray(name, value) as readonly (Partial<Any> | null | undefined)[];
  for (const [index, any] of details.entries()) {
    if (typeof any?.typeUrl === "string" && any.value instanceof Uint8Array) continue;
    throw wrongType(`${name}[${index}]`, "packed by detail(schema, message)", any);
  }
  return details as readonly Any[];
}

/** Returns the part of an error's metadata that can be sent. */
function sendable(init: MetadataInit | undefined): Metadata {
  if (init instanceof Metadata) return custom(init.clone());
  const metadata = toMetadata(init);
  const fault = init === undefined ? undefined : keyFault(metadata);
  if (fault !== undefined) throw new MetadataError(fault);
  return metadata;
}

/** Sets the method of the failed call on an error, and returns it. */
export function ofMethod(path: string, error: RpcError): RpcError {
  (error as { method: string | undefined }).method = path;
  return error;
}

/**
 * Returns whether the metadata of the error is sent when a handler throws it. Received metadata is
 * not.
 */
export function isSent(error: RpcError): boolean {
  return !(received in error);
}

/** Converts a status that a client received to an error. */
export function errorFromStatus({ code, message, metadata = new Metadata(), cause }: Status): RpcError {
  const packed = metadata.getBytes(detailsKey);
  const details = packed === undefined ? [] : unpackDetails(packed);
  const options = { metadata, details, ...(cause === undefined ? {} : { cause }) };
  return Object.defineProperty(new RpcError(code, message, options), received, { value: true });
}

function unpackDetails(packed: Buffer): Any[] {
  try {
    return fromBinary(StatusSchema, packed).details;
  } catch {
    // The status counts even if its details are malformed.
    return [];
  }
}

/** Converts an error to the status to send. `trailer` holds the trailers that the handler set. */
export function statusFromError(error: RpcError, trailer?: Metadata): Status {
  const message = error.message.toWellFormed();
  const metadata = new Metadata(trailer);
  if (isSent(error)) metadata.merge(error.metadata);
  const { retryAfterMs } = error;
  // An error from another copy of this package may lack this field.
  if (retryAfterMs !== undefined) metadata.set(pushbackKey, retryAfterMs === false ? "-1" : String(retryAfterMs));
  if (error.details.length > 0) {
    const status = create(StatusSchema, { code: error.code, message, details: [...error.details] });
    metadata.set(detailsKey, toBinary(StatusSchema, status));
  }
  return { code: error.code, message, metadata };
}
