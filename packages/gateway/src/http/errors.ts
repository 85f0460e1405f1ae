// Error responses: a google.rpc.Status as JSON.
import type { JsonObject, Registry } from "@bufbuild/protobuf";
import { type Any, AnySchema } from "@bufbuild/protobuf/wkt";
import { type JsonCodec, jsonCodec } from "@grpc-study/codec/json";
import { Code, RpcError } from "@grpc-study/rpc";
import { withKnownTypes } from "../known-types.ts";
import { retryAfter } from "./retry-after.ts";
import { httpStatus } from "./status.ts";

/**
 * An error with an HTTP status of its own, which is more specific than the one of its gRPC code.
 */
export class HttpError extends RpcError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  constructor(status: number, code: Code, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(code, message);
    this.status = status;
    this.headers = headers;
  }
}

/** The part of an error that the client receives. */
export interface ErrorResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A google.rpc.Status in JSON. */
  readonly body: string;
}

const unavailable = new RpcError(Code.UNAVAILABLE, "the upstream is not available");
const timedOut = new RpcError(Code.DEADLINE_EXCEEDED, "deadline exceeded");

/** A 401 response names the authentication scheme (RFC 9110, section 11.6.1). */
const challenge = { "www-authenticate": "Bearer" };

/**
 * Formats errors.
 *
 * @param registry types of details in addition to google.rpc and google.protobuf.
 */
export class ErrorWriter {
  readonly #details: JsonCodec<typeof AnySchema>;

  constructor(registry: Registry | undefined) {
    this.#details = jsonCodec(AnySchema, { registry: withKnownTypes(registry), fallbacks: true });
  }

  response(thrown: unknown): ErrorResponse {
    const error = this.visible(thrown);
    const status = error instanceof HttpError ? error.status : httpStatus(error.code);
    const headers = error instanceof HttpError ? error.headers : status === 401 ? challenge : retryAfter(error);
    return { status, headers, body: this.status(error) };
  }

  /** The google.rpc.Status of an error, in JSON. */
  status(thrown: unknown): string {
    const { code, message, details } = this.visible(thrown);
    return JSON.stringify({ code, message, details: details.map((detail) => this.#detail(detail)) });
  }

  /**
   * The error that the client may see. A local failure, such as a failed connection, has a `cause`,
   * and its message contains internal addresses.
   */
  visible(thrown: unknown): RpcError {
    const error = RpcError.from(thrown);
    if (error.code === Code.UNAVAILABLE && error.cause !== undefined) return unavailable;
    // The message of a local deadline names the method of the upstream, which clients do not know.
    if (error.code === Code.DEADLINE_EXCEEDED && error.cause !== undefined) return timedOut;
    return error;
  }

  #detail(detail: Any): unknown {
    // The codec prints `@type` last.
    return { "@type": detail.typeUrl, ...(JSON.parse(this.#details.print(detail)) as JsonObject) };
  }
}
