// Reads the header lists of a response (PROTOCOL-HTTP2.md, Responses). Servers repeat their lists,
// and the engine then returns the same object, so the result is cached on it.
import type { HeaderList } from "@grpc-study/http2";
import { Code, codeFrom } from "../../../protocol/code.ts";
import { isGrpcType } from "../../../protocol/content-type.ts";
import { hasMetadata, metadataFromFields } from "../../../protocol/fields.ts";
import type { Metadata } from "../../../protocol/metadata.ts";
import { percentDecode } from "../../../protocol/percent-encode.ts";
import type { Status } from "../../../protocol/status.ts";

/** The first header list. */
export class ResponseHeader {
  /** Whether the response is gRPC: the HTTP status and the content type match. */
  readonly isGrpc: boolean;
  /** Whether the response is gRPC if the HTTP status is ignored. */
  readonly mayBeGrpc: boolean;
  readonly encoding: string;
  /** The server's `grpc-accept-encoding`, if there is one. */
  readonly accepted: string | undefined;
  readonly #list: HeaderList;
  readonly #hasMetadata: boolean;

  constructor(list: HeaderList) {
    const type = list.get("content-type");
    this.isGrpc = list.status === 200 && isGrpcType(type);
    this.mayBeGrpc = type === undefined || isGrpcType(type);
    this.encoding = listOf(list, "grpc-encoding") ?? "identity";
    this.accepted = list.get("grpc-accept-encoding");
    this.#list = list;
    this.#hasMetadata = hasMetadata(list.flat, list.regularStart);
  }

  /**
   * The metadata; undefined if there is none. A new object each time, because the caller may change
   * it.
   */
  get metadata(): Metadata | undefined {
    return this.#hasMetadata ? metadataFromFields(this.#list.flat, this.#list.regularStart) : undefined;
  }

  static of(list: HeaderList): ResponseHeader {
    if (list.memo instanceof ResponseHeader) return list.memo;
    const header = new ResponseHeader(list);
    list.memo = header;
    return header;
  }
}

const ok: Status = Object.freeze({ code: Code.OK, message: "", metadata: undefined });

/** The last header list: the trailer, or the only list of a response without messages. */
export class ResponseTrailer {
  /** Undefined if there is no `grpc-status`. */
  readonly code: Code | undefined;
  readonly message: string;
  readonly pushback: string | undefined;
  readonly accepted: string | undefined;
  readonly #list: HeaderList;
  readonly #hasMetadata: boolean;

  constructor(list: HeaderList) {
    const status = listOf(list, "grpc-status");
    const message = list.get("grpc-message");
    this.code = status === undefined ? undefined : codeOf(status);
    this.message = message === undefined ? malformedMessage(status, this.code) : percentDecode(message);
    const pushbacks = list.getAll("grpc-retry-pushback-ms");
    this.pushback = pushbacks.length === 0 ? undefined : pushbacks.join(",");
    this.accepted = list.get("grpc-accept-encoding");
    this.#list = list;
    this.#hasMetadata = hasMetadata(list.flat, list.regularStart);
  }

  /** The status. UNKNOWN if there is no code. */
  get status(): Status {
    if (this.code === Code.OK && !this.#hasMetadata && this.message === "") return ok;
    const metadata = this.#hasMetadata ? metadataFromFields(this.#list.flat, this.#list.regularStart) : undefined;
    return { code: this.code ?? Code.UNKNOWN, message: this.message, metadata };
  }

  static of(list: HeaderList): ResponseTrailer {
    if (list.memo instanceof ResponseTrailer) return list.memo;
    const trailer = new ResponseTrailer(list);
    list.memo = trailer;
    return trailer;
  }
}

/**
 * Parses a status code. A code without a name is UNKNOWN (statuscodes.md). So is a value that is
 * not a number: a failed call must not become OK.
 */
function codeOf(text: string): Code {
  const code = /^(?:0|[1-9]\d?)$/.test(text) ? Number(text) : Code.UNKNOWN;
  return codeFrom(code);
}

/** Returns the message for an unknown code if the server sent none. */
function malformedMessage(status: string | undefined, code: Code | undefined): string {
  return code !== Code.UNKNOWN || status === String(Code.UNKNOWN)
    ? ""
    : `the server sent the grpc-status ${JSON.stringify(status?.slice(0, 64))}`;
}

/**
 * Joins the values of a repeated field to a list (RFC 9110, section 5.3). A list is never a valid
 * status or encoding.
 */
function listOf(list: HeaderList, name: string): string | undefined {
  const values = list.getAll(name);
  return values.length === 0 ? undefined : values.join(", ");
}
