// The hooks of a gateway: functions of its operator that take part in each call.
import type { DescMessage, DescMethod, Message } from "@bufbuild/protobuf";
import { Metadata, type MetadataInit, type RpcError } from "@grpc-study/rpc";
import { shown } from "@grpc-study/rpc/checks";
import type { HttpRequest } from "./http/message.ts";
import { isReserved } from "./http/reserved-headers.ts";
import type { Protocol } from "./protocols.ts";

/** What hooks see of a request: all but its body. */
export type RequestInfo = Pick<
  HttpRequest,
  "method" | "path" | "query" | "headers" | "version" | "scheme" | "host" | "addresses" | "requestId"
>;

/** A call that hooks take part in. */
export interface CallInfo {
  readonly request: RequestInfo;
  readonly protocol: Protocol;
  /**
   * The method of the upstream. `undefined` for the health and reflection services of an upstream in
   * gRPC, whose name is in `request.path`.
   */
  readonly method: DescMethod | undefined;
}

/** A call whose response hooks take part in. */
export interface ResponseInfo extends CallInfo {
  readonly method: DescMethod;
}

/** The response to a request in REST. */
export interface RestResponse {
  /** Default: the status of the error, or 404. */
  readonly status?: number | undefined;
  /** Names in any case. Added to those of the gateway. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** A text or bytes to send as they are, or an object to send as JSON. */
  readonly body?: string | Uint8Array | object | undefined;
}

/** An error in REST, as the gateway would send it. */
export interface ErrorInfo {
  readonly request: RequestInfo;
  /** The method of the upstream. `undefined` if the request did not reach one. */
  readonly method: DescMethod | undefined;
  /** The HTTP status. */
  readonly status: number;
  /** The google.rpc.Status in JSON. */
  readonly body: string;
}

/** Reads and prints messages in a format other than JSON. */
export interface BodyCodec {
  /** @throws for bytes that are not a message. The client gets 400 with the text of an Error. */
  parse(bytes: Uint8Array, schema: DescMessage): Message;
  print(message: Message, schema: DescMessage): Uint8Array | string;
}

/**
 * Functions that take part in calls. All are optional. An RpcError that one throws is the response; any
 * other error fails with INTERNAL, and is logged.
 */
export interface GatewayHooks {
  /**
   * Returns the metadata key for a request header in REST and WebSockets, `false` to drop the header,
   * or `undefined` for the gateway's own rule (see `forwardHeaders`). Headers of HTTP and those that
   * only the gateway sets are never forwarded.
   *
   * @param name in lower case.
   */
  readonly incomingHeader?: ((name: string) => string | false | undefined) | undefined;
  /**
   * Returns the name of the response header for metadata in REST, `false` to drop the metadata, or
   * `undefined` for the gateway's own rule: `grpc-metadata-` and the key (see `responseHeaders`).
   */
  readonly outgoingHeader?: ((key: string) => string | false | undefined) | undefined;
  /** As `outgoingHeader` for metadata in trailers. The gateway's own rule is `grpc-trailer-` and the key. */
  readonly outgoingTrailer?: ((key: string) => string | false | undefined) | undefined;
  /**
   * Returns metadata for a call, such as the user that a token names. Runs before the body is read, in
   * all protocols. Replaces what the client has sent with the same keys. An RpcError rejects the call.
   * A call that waits for it counts, and its time limit runs.
   */
  readonly metadata?: ((call: CallInfo) => MetadataInit | undefined | Promise<MetadataInit | undefined>) | undefined;
  /** Returns the response for an error in REST, or `undefined` for the gateway's own. */
  readonly error?: ((error: RpcError, info: ErrorInfo) => RestResponse | undefined) | undefined;
  /**
   * Returns the error in a stream that has begun, in place of google.rpc.Status, as a value for JSON. Or
   * `undefined` for the gateway's own.
   */
  readonly streamError?: ((error: RpcError, info: ErrorInfo) => object | undefined) | undefined;
  /**
   * Changes a response message in REST and WebSockets: returns another message of the same type, or JSON
   * to send in its place. Or changes the message, and returns `undefined`.
   */
  readonly response?: ((message: Message, call: ResponseInfo) => Message | string | undefined) | undefined;
  /**
   * Formats of bodies in REST by media type, such as `application/x-protobuf`, in addition to JSON. Not
   * for streams.
   */
  readonly codecs?: Readonly<Record<string, BodyCodec>> | undefined;
  /** Answers a request that no route matches, or returns `undefined` for the gateway's 404. */
  readonly notFound?: ((request: RequestInfo) => RestResponse | undefined | Promise<RestResponse | undefined>) | undefined;
}

const names: Readonly<Record<keyof GatewayHooks, "function" | "object">> = {
  incomingHeader: "function",
  outgoingHeader: "function",
  outgoingTrailer: "function",
  metadata: "function",
  error: "function",
  streamError: "function",
  response: "function",
  codecs: "object",
  notFound: "function",
};

/** @throws TypeError for an unknown hook, a hook of another type, or a media type that is not valid. */
export function checkedHooks(hooks: GatewayHooks = {}): GatewayHooks {
  if (typeof hooks !== "object" || hooks === null || Array.isArray(hooks))
    throw new TypeError(`hooks must be an object, got ${shown(hooks)}`);
  for (const [name, hook] of Object.entries(hooks)) {
    if (!Object.hasOwn(names, name)) throw new TypeError(`hooks has no hook "${name}"; the hooks are ${Object.keys(names).join(", ")}`);
    const expected = names[name as keyof GatewayHooks];
    if (hook !== undefined && (typeof hook !== expected || hook === null || Array.isArray(hook)))
      throw new TypeError(`hooks.${name} must be ${expected === "object" ? "an" : "a"} ${expected}, got ${shown(hook)}`);
  }
  for (const [type, codec] of Object.entries(hooks.codecs ?? {})) {
    if (!/^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+$/.test(type))
      throw new TypeError(`hooks.codecs has the key "${type}", expected a media type in lower case without parameters`);
    if (typeof codec?.parse !== "function" || typeof codec.print !== "function")
      throw new TypeError(`hooks.codecs["${type}"] must have the functions parse and print`);
  }
  return hooks;
}

/** The hook `metadata`. */
export type MetadataHook = NonNullable<GatewayHooks["metadata"]>;

/**
 * Asks the hook `metadata`.
 *
 * @throws the hook's error, TypeError if it returns what belongs to HTTP or gRPC.
 */
export async function hookMetadata(hook: MetadataHook, call: CallInfo): Promise<Metadata> {
  const metadata = new Metadata(await hook(call));
  for (const key of metadata.keys()) {
    if (isReserved(key)) throw new TypeError(`hooks.metadata must not return ${key}: it belongs to HTTP or to gRPC`);
  }
  return metadata;
}

/** Replaces the values of keys: a client must not forge what the hook vouches for. */
export function replaceMetadata(metadata: Metadata, by: Metadata): void {
  for (const key of by.keys()) metadata.delete(key);
  metadata.merge(by);
}
