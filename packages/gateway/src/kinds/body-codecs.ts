// Formats of bodies other than JSON, from the hook `codecs`.
import type { Message } from "@bufbuild/protobuf";
import { Code, RpcError } from "@grpc-study/rpc";
import { shown } from "@grpc-study/rpc/checks";
import { notAPromise } from "../hook-results.ts";
import type { BodyCodec, GatewayHooks } from "../hooks.ts";
import type { RequestHeaders } from "../http/message.ts";
import type { Route } from "../route.ts";
import type { RestExchange } from "./rest-exchange.ts";

/** A body in another format than JSON. */
interface Printed {
  readonly contentType: string;
  readonly data: Uint8Array | string;
}

/** A codec and its media type. */
interface ChosenCodec {
  readonly type: string;
  readonly codec: BodyCodec;
}

/** The codec of a request body. `undefined`: JSON, or an unknown type. */
export function requestCodec({ codecs }: GatewayHooks, { "content-type": contentType }: RequestHeaders): ChosenCodec | undefined {
  if (codecs === undefined || contentType === undefined) return undefined;
  const type = mediaType(contentType);
  return chosen(codecs, type);
}

/**
 * The codec of a response body: the preferred one of `Accept`, or that of the request if the client
 * accepts all types. `undefined`: JSON.
 */
function responseCodec(hooks: GatewayHooks, headers: RequestHeaders): ChosenCodec | undefined {
  const { codecs } = hooks;
  if (codecs === undefined) return undefined;
  let best = 0;
  let found: ChosenCodec | undefined;
  for (const range of (headers.accept ?? "*/*").split(",")) {
    const type = mediaType(range);
    const any = type === "*/*";
    const codec = any ? requestCodec(hooks, headers) : chosen(codecs, type);
    if (codec === undefined && !any && type !== "application/json" && type !== "application/*") continue;
    const quality = Number(/;\s*q=([\d.]+)/i.exec(range)?.[1] ?? 1);
    if (quality > best) {
      best = quality;
      found = codec;
    }
  }
  return found;
}

/**
 * Binds the body of a request.
 *
 * @throws HttpError 415 if the rule's body is not a message. RpcError INVALID_ARGUMENT if the codec
 *   fails.
 */
export function bindWith({ type, codec }: ChosenCodec, bytes: Uint8Array, exchange: RestExchange, { binder }: Route): Message {
  return binder.bindParsed(exchange, type, (schema) => {
    try {
      return notAPromise(`codecs["${type}"].parse`, codec.parse(bytes, schema));
    } catch (error) {
      if (error instanceof RpcError) throw error;
      throw new RpcError(Code.INVALID_ARGUMENT, `the body is not ${type}: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
}

/** Prints a response in the format that the client prefers. `undefined`: as JSON. */
export function printWith({ request, settings }: RestExchange, route: Route, response: Message): Printed | undefined {
  const codec = responseCodec(settings.hooks, request.headers);
  const found = codec && route.messageOf(response);
  return codec && found && { contentType: codec.type, data: checkedData(codec.type, codec.codec.print(found.message, found.schema)) };
}

/** @throws TypeError for what a codec must not print. */
function checkedData(type: string, data: unknown): Uint8Array | string {
  const hook = `codecs["${type}"].print`;
  notAPromise(hook, data);
  if (typeof data === "string" || data instanceof Uint8Array) return data;
  throw new TypeError(`hooks.${hook} must return bytes or a text, got ${shown(data)}`);
}

function chosen(codecs: NonNullable<GatewayHooks["codecs"]>, type: string): ChosenCodec | undefined {
  const codec = Object.hasOwn(codecs, type) ? codecs[type] : undefined;
  return codec && { type, codec };
}

function mediaType(text: string): string {
  return text.split(";", 1)[0]?.trim().toLowerCase() ?? "";
}
