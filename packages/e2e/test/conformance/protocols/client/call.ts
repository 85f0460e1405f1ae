// Makes the call of a case over an endpoint, as the reference client does
// (internal/app/referenceclient/impl.go).
import { setTimeout as delay } from "node:timers/promises";
import { type DescMessage, fromBinary, fromJsonString, type Message, toBinary, toJsonString } from "@bufbuild/protobuf";
import { type Any, anyUnpack } from "@bufbuild/protobuf/wkt";
import type { ClientCompatRequest } from "../../../../gen/connectrpc/conformance/v1/client_compat_pb.js";
import { Code, Codec, Protocol, StreamType } from "../../../../gen/connectrpc/conformance/v1/config_pb.js";
import { type ConformancePayload, ConformanceService } from "../../../../gen/connectrpc/conformance/v1/service_pb.js";
import type { CallResult, Fields } from "../result.ts";
import { registry } from "../suites.ts";
import { connectStream, connectUnary } from "./connect.ts";
import { grpc } from "./grpc.ts";
import { add, ConnectionFailure, type HttpConnections, type HttpExchange, type HttpRequest } from "./http.ts";
import { type Encoding, type Ending, failed, type Wire } from "./protocol.ts";
import { rawBody, rawPath } from "./raw.ts";

export interface CallOptions {
  /** Header fields that are not part of the case. */
  readonly more?: Readonly<Record<string, string>>;
  /** Whether gRPC-Web encodes the bodies in base64. */
  readonly text?: boolean;
}

export async function call(connections: HttpConnections, request: ClientCompatRequest, options: CallOptions = {}): Promise<CallResult> {
  return new Call(connections, request, options).run();
}

class Call {
  readonly #request: ClientCompatRequest;
  readonly #wire: Wire;
  readonly #exchange: HttpExchange;
  readonly #ending: Ending = { header: new Map(), trailer: new Map(), error: undefined, feedback: [] };
  readonly #payloads: ConformancePayload[] = [];
  readonly #output: DescMessage;
  readonly #responses: AsyncIterator<Uint8Array>;
  readonly #json: boolean;
  #status: number | undefined;
  #cancelled = false;

  constructor(connections: HttpConnections, request: ClientCompatRequest, { more = {}, text = false }: CallOptions) {
    this.#request = request;
    this.#json = request.codec === Codec.JSON;
    this.#output = outputOf(request);
    this.#wire = wireOf(request, text);
    this.#exchange = connections.open(request.httpVersion === 1 ? 1 : 2, this.#httpRequest(more));
    this.#responses = this.#read()[Symbol.asyncIterator]();
  }

  async run(): Promise<CallResult> {
    try {
      await this.#send();
      while (await this.#receive());
    } catch (error) {
      if (!(error instanceof ConnectionFailure)) throw error;
      this.#ending.error = failed(error.code, error.message);
    }
    this.#exchange.end();
    const { header, trailer, error, feedback } = this.#ending;
    const single = this.#request.streamType === StreamType.UNARY || this.#request.streamType === StreamType.CLIENT_STREAM;
    if (single && error === undefined && this.#payloads.length !== 1) feedback.push(`the response has ${this.#payloads.length} messages`);
    return { status: this.#status, header, trailer, payloads: this.#payloads, error, feedback };
  }

  async #send(): Promise<void> {
    const { rawRequest, requestMessages, requestDelayMs, streamType, cancel, useGetHttpMethod } = this.#request;
    if (rawRequest !== undefined) {
      for (const part of rawBody(rawRequest)) await this.#exchange.write(part);
      return this.#exchange.end();
    }
    if (useGetHttpMethod) return this.#exchange.end();
    for (const message of requestMessages) {
      if (requestDelayMs > 0) await delay(requestDelayMs);
      await this.#exchange.write(this.#wire.encode(encode(message, this.#json)));
      if (streamType === StreamType.FULL_DUPLEX_BIDI_STREAM && !(await this.#receive())) break;
    }
    const timing = cancel?.cancelTiming;
    if (timing?.case === "beforeCloseSend") return this.#cancel();
    this.#exchange.end();
    if (timing?.case === "afterCloseSendMs") setTimeout(() => this.#cancel(), timing.value);
  }

  #cancel(): void {
    this.#cancelled = true;
    this.#exchange.cancel();
  }

  /** Receives one response. Returns whether there was one. */
  async #receive(): Promise<boolean> {
    const { done, value } = await this.#responses.next();
    if (this.#cancelled) throw new ConnectionFailure(Code.CANCELED, "the client has cancelled");
    if (done === true) return false;
    const message = decode(this.#output, value, this.#json);
    if (message.payload !== undefined) this.#payloads.push(message.payload);
    const timing = this.#request.cancel?.cancelTiming;
    if (timing?.case === "afterNumResponses" && this.#payloads.length === timing.value) this.#cancel();
    return true;
  }

  async *#read(): AsyncIterable<Uint8Array> {
    const head = await this.#exchange.head;
    this.#status = head.status;
    yield* this.#wire.decode(head, this.#exchange.body(), () => this.#exchange.trailers(), this.#ending);
  }

  #httpRequest(more: Readonly<Record<string, string>>): HttpRequest {
    const { service, method, rawRequest, requestHeaders, useGetHttpMethod, requestMessages } = this.#request;
    const path = `/${service}/${method}`;
    const headers: Fields = new Map();
    for (const [name, value] of Object.entries(more)) add(headers, name, value);
    if (rawRequest !== undefined) {
      for (const { name, value } of rawRequest.headers) for (const one of value) add(headers, name, one);
      return { method: rawRequest.verb, path: rawPath(rawRequest), headers: withLength(rawRequest.verb, headers, this.#request) };
    }
    for (const { name, value } of requestHeaders) for (const one of value) add(headers, name, one);
    const message = requestMessages[0];
    if (!useGetHttpMethod || message === undefined) {
      for (const [name, values] of this.#wire.headers()) headers.set(name, values);
      return { method: "POST", path, headers };
    }
    for (const [name, values] of this.#wire.headers())
      if (!name.startsWith("content-") && name !== "connect-protocol-version") headers.set(name, values);
    const bytes = Buffer.from(encode(message, this.#json));
    const query = new URLSearchParams({ connect: "v1", encoding: this.#json ? "json" : "proto" });
    if (this.#json) query.set("message", bytes.toString());
    else {
      query.set("base64", "1");
      query.set("message", bytes.toString("base64url"));
    }
    return { method: "GET", path: `${path}?${query}`, headers };
  }
}

/** Node frames the body of a DELETE over HTTP/1.1 only if the headers say how. */
function withLength(verb: string, headers: Fields, { httpVersion }: ClientCompatRequest): Fields {
  if (httpVersion === 1 && verb !== "POST" && !headers.has("content-length")) headers.set("transfer-encoding", ["chunked"]);
  return headers;
}

function wireOf({ protocol, streamType, codec, compression, timeoutMs }: ClientCompatRequest, text: boolean): Wire {
  const encoding: Encoding = { codec: codec === Codec.JSON ? "json" : "proto", compression, timeoutMs };
  if (protocol === Protocol.CONNECT) return streamType === StreamType.UNARY ? connectUnary(encoding) : connectStream(encoding);
  return grpc(encoding, protocol === Protocol.GRPC ? "grpc" : text ? "grpc-web-text" : "grpc-web");
}

function outputOf({ method }: ClientCompatRequest): DescMessage {
  const found = ConformanceService.methods.find(({ name }) => name === method);
  if (found === undefined) throw new Error(`the service has no method ${method}`);
  return found.output;
}

function encode(any: Any, json: boolean): Uint8Array {
  const message = anyUnpack(any, registry);
  const schema = message && registry.getMessage(message.$typeName);
  if (message === undefined || schema === undefined) throw new Error(`${any.typeUrl} is unknown`);
  return json ? Buffer.from(toJsonString(schema, message, { registry })) : toBinary(schema, message);
}

function decode(schema: DescMessage, bytes: Uint8Array, json: boolean): Message & { readonly payload?: ConformancePayload } {
  try {
    return json ? fromJsonString(schema, Buffer.from(bytes).toString(), { registry }) : fromBinary(schema, bytes);
  } catch (error) {
    throw new ConnectionFailure(Code.INTERNAL, `a response cannot be decoded: ${error}`);
  }
}
