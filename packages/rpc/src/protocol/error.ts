// The one error of this package, on both sides of the wire.
import { create, type DescMessage, fromBinary, type MessageInitShape, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { type Any, anyIs, anyPack, anyUnpack } from "@bufbuild/protobuf/wkt";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import {
  checkArray,
  checkObject,
  checkSchema,
  checkString,
  type Names,
  optional,
  outOfRange,
  refuseUnknown,
  wrongType,
} from "../checks.ts";
import { Code } from "./code.ts";
import { Metadata, MetadataError, type MetadataInit, toMetadata } from "./metadata.ts";
import { custom, detailsKey, keyFault, pushbackKey } from "./metadata-rules.ts";
import type { Status } from "./status.ts";

/** Packs a `google.rpc` (or any other) message that says more about an error. */
export function detail<Desc extends DescMessage>(schema: Desc, message: MessageInitShape<Desc>): Any {
  checkSchema("the schema of a detail", schema);
  checkObject("the message of a detail", message);
  return anyPack(schema, create(schema, message));
}

export interface RpcErrorOptions {
  /**
   * Sent as trailers when a handler throws the error. A key of HTTP or of the protocol (`content-type`, `grpc-status`, …) is a MetadataError in the shorthand, and
   * left out of a `Metadata`, which has been received from somebody else. Metadata of more than 60 KiB is left out when the error is sent, and the message
   * says so.
   */
  readonly metadata?: MetadataInit | undefined;
  /** Details, packed with `detail(schema, message)`, sent as `grpc-status-details-bin`. */
  readonly details?: readonly Any[] | undefined;
  /**
   * When a client with a retry policy sends the call again: after so many milliseconds, an integer from 0 on; `false`: not at all. Sent as
   * `grpc-retry-pushback-ms` (gRFC A6). Default: the client's own back-off.
   */
  readonly retryAfterMs?: number | false | undefined;
  /** What led here. Never leaves the process. */
  readonly cause?: unknown;
}

const names: Names<RpcErrorOptions> = { metadata: true, details: true, retryAfterMs: true, cause: true };
const brand = Symbol.for("@grpc-study/rpc.RpcError");
const received = Symbol.for("@grpc-study/rpc.RpcError.received");

/**
 * Why a call failed. A handler throws it to answer with a status; a client's call rejects with it.
 *
 * A handler that throws on what its own client's call rejected with sends code, message and details. Metadata goes on by choice only:
 * `new RpcError(error.code, error.message, { details: error.details, metadata: { "x-reason": … } })`.
 *
 * `instanceof` holds across copies of this package.
 */
export class RpcError extends Error {
  static {
    RpcError.prototype.name = "RpcError";
    Object.defineProperty(RpcError.prototype, brand, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // A subclass keeps the ordinary meaning.
    // biome-ignore lint/complexity/noThisInStatic: the subclass is what matters here
    if (this !== RpcError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === "object" && value !== null && brand in value;
  }

  /** The status code, never `OK`. */
  readonly code: Code;
  /** In a client, the trailer that was received, without what is HTTP's or the protocol's. In a handler, the option `metadata`. */
  readonly metadata: Metadata;
  /** The details, packed. `findDetails` unpacks them by schema. */
  readonly details: readonly Any[];
  /** The option `retryAfterMs`. In a client, undefined. */
  readonly retryAfterMs: number | false | undefined;
  /** The path of the method whose call ended with the error, `/package.Service/Method`. Undefined for an error that no client's call made. */
  readonly method: string | undefined;

  /** @param message what the peer may know: it goes over the wire as it is. */
  constructor(code: Code, message = "", options: RpcErrorOptions = {}) {
    refuseUnknown("RpcError", options, names);
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

  /** The details of one kind, in the order in which they were given. A detail that cannot be parsed is left out. */
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

  /** What a thrown value means as the outcome of a call: an RpcError is what it is, anything else is INTERNAL with nothing of its message. */
  static from(thrown: unknown): RpcError {
    return thrown instanceof RpcError ? thrown : new RpcError(Code.INTERNAL, "internal error", { cause: thrown });
  }
}

/** A6 takes a signed integer of 32 bits. */
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

/** What an error may send of the metadata that it is made with. */
function sendable(init: MetadataInit | undefined): Metadata {
  if (init instanceof Metadata) return custom(init.clone());
  const metadata = toMetadata(init);
  const fault = init === undefined ? undefined : keyFault(metadata);
  if (fault !== undefined) throw new MetadataError(fault);
  return metadata;
}

/** The error, with the method whose call ended with it. */
export function ofMethod(path: string, error: RpcError): RpcError {
  (error as { method: string | undefined }).method = path;
  return error;
}

/** Whether a handler that throws the error sends its metadata. */
export function isSent(error: RpcError): boolean {
  return !(received in error);
}

/** Reads the status with which a call ended at a client. */
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
    // A peer that sends rubbish here has still sent a status, and that one counts.
    return [];
  }
}

/** Writes an error as the status that is sent. `trailer` is what the handler put there. */
export function statusFromError(error: RpcError, trailer?: Metadata): Status {
  const message = error.message.toWellFormed();
  const metadata = new Metadata(trailer);
  if (isSent(error)) metadata.merge(error.metadata);
  const { retryAfterMs } = error;
  // The error of another copy of this package may have none.
  if (retryAfterMs !== undefined) metadata.set(pushbackKey, retryAfterMs === false ? "-1" : String(retryAfterMs));
  if (error.details.length > 0) {
    const status = create(StatusSchema, { code: error.code, message, details: [...error.details] });
    metadata.set(detailsKey, toBinary(StatusSchema, status));
  }
  return { code: error.code, message, metadata };
}
