// A route: a binding with its codecs and its upstream.
import { create, type DescMessage, type DescMethod, type DescService, type Message } from "@bufbuild/protobuf";
import { type JsonOptions, jsonCodec, jsonFieldCodec } from "@grpc-study/codec/json";
import type { CallOptions, CodecFactory } from "@grpc-study/rpc";
import { type HttpBody, HttpBodySchema } from "../gen/google/api/httpbody_pb.js";
import { isHttpBody, RequestBinder } from "./fields/bind-request.ts";
import type { Binding } from "./http-rule/rule.ts";
import type { MethodTimeouts } from "./timeouts.ts";
import type { AnyTypes } from "./type-source.ts";
import type { UpstreamConnection, UpstreamConnections } from "./upstreams.ts";

/** The part of a client's streaming call that the gateway uses. */
export interface Responses extends Disposable {
  recv(): Promise<Message | undefined>;
  header(): Promise<unknown>;
  cancel(): void;
}

/** The options of a call. `use` is called with its connection when it begins. */
export interface UpstreamCall extends CallOptions {
  use(connection: UpstreamConnection): void;
}

/** The function that starts a call, by kind. */
export type Calls =
  | { readonly kind: "unary"; readonly call: (request: Message, options: UpstreamCall) => Promise<Message> }
  | { readonly kind: "server_streaming"; readonly call: (request: Message, options: UpstreamCall) => Responses }
  | {
      readonly kind: "client_streaming";
      readonly call: (requests: AsyncIterable<Message> | Iterable<Message>, options: UpstreamCall) => Promise<Message>;
    }
  | {
      readonly kind: "bidi_streaming";
      readonly call: (requests: AsyncIterable<Message> | Iterable<Message>, options: UpstreamCall) => Responses;
    };

export type CallsOf<Kind extends Calls["kind"]> = Extract<Calls, { kind: Kind }>;

export interface RouteOptions {
  readonly json: JsonOptions;
  readonly rejectUnknownParameters: boolean;
  readonly anyTypes?: AnyTypes | undefined;
  readonly timeouts: MethodTimeouts;
}

type Print = (response: Message) => string | HttpBody;

/** A route. Its codecs are compiled for its first request: a gateway may have thousands of routes. */
export class Route {
  readonly binding: Binding;
  /** The time limit of the method, in milliseconds. */
  readonly timeoutMs: number;
  readonly #connectionsOf: ConnectionsOf;
  readonly #options: RouteOptions;
  #binder: RequestBinder | undefined;
  #calls: Calls | undefined;
  #print: Print | undefined;

  constructor(binding: Binding, connectionsOf: ConnectionsOf, options: RouteOptions) {
    this.binding = binding;
    this.timeoutMs = options.timeouts.of(binding.method);
    this.#connectionsOf = connectionsOf;
    this.#options = options;
  }

  get binder(): RequestBinder {
    this.#binder ??= new RequestBinder(this.binding, this.#options);
    return this.#binder;
  }

  get calls(): Calls {
    const { method } = this.binding;
    this.#calls ??= resolvingTypes(callsOf(method, this.#connectionsOf(method.parent)), method.output, this.#options.anyTypes);
    return this.#calls;
  }

  /** The message in a response body, for other formats than JSON. `undefined` if the body is none. */
  messageOf(response: Message): { readonly message: Message; readonly schema: DescMessage } | undefined {
    const { method, responseBody } = this.binding;
    if (responseBody === undefined) return isHttpBody(method.output) ? undefined : { message: response, schema: method.output };
    if (responseBody.fieldKind !== "message" || isHttpBody(responseBody.message)) return undefined;
    const { localName, oneof, message: schema } = responseBody;
    const properties = response as Message & Record<string, unknown>;
    const value = oneof === undefined ? properties[localName] : caseOf(properties[oneof.localName], localName);
    return { message: (value as Message | undefined) ?? create(schema), schema };
  }

  /** Prints a response as JSON, or returns the content of a `google.api.HttpBody`. */
  get print(): Print {
    this.#print ??= printer(this.binding, this.#options.json);
    return this.#print;
  }
}

/** The connections to the upstream of a service. */
export type ConnectionsOf = (service: DescService) => UpstreamConnections;

/** Resolves the types in a response or error before passing it on. */
export function resolvingTypes(calls: Calls, output: DescMessage, types: AnyTypes | undefined): Calls {
  if (types === undefined) return calls;
  const resolving = <Stream extends Responses>(stream: Stream): Stream => {
    const recv = stream.recv.bind(stream);
    return Object.assign(stream, { recv: () => types.resolve(output, recv()) });
  };
  switch (calls.kind) {
    case "unary":
      return { kind: calls.kind, call: (request, options) => types.resolve(output, calls.call(request, options)) };
    case "client_streaming":
      return { kind: calls.kind, call: (requests, options) => types.resolve(output, calls.call(requests, options)) };
    case "server_streaming":
      return { kind: calls.kind, call: (request, options) => resolving(calls.call(request, options)) };
    case "bidi_streaming":
      return {
        kind: calls.kind,
        call: (requests, options) => resolving(calls.call(requests, options)),
      };
  }
}

/**
 * Calls the client's method. Its type is only known at run time.
 *
 * @param codec the codec for messages. Default: that of the client.
 */
export function callsOf({ parent, localName, methodKind }: DescMethod, connections: UpstreamConnections, codec?: CodecFactory): Calls {
  const begin = (call: UpstreamCall) => {
    const connection = connections.choose();
    call.use(connection);
    return connection.client(parent, codec)[localName] as (...args: readonly unknown[]) => unknown;
  };
  const call = (request: unknown, options: UpstreamCall) => begin(options)(request, options);
  return { kind: methodKind, call } as Calls;
}

function printer({ method, responseBody }: Binding, options: JsonOptions): Print {
  if (responseBody === undefined) {
    if (isHttpBody(method.output)) return (response) => response as HttpBody;
    const codec = jsonCodec(method.output, options);
    return (response) => codec.print(response);
  }
  if (responseBody.fieldKind === "message" && isHttpBody(responseBody.message)) {
    const { localName, oneof } = responseBody;
    return (response) => {
      const properties = response as Message & Record<string, unknown>;
      const value = oneof === undefined ? properties[localName] : caseOf(properties[oneof.localName], localName);
      return (value as HttpBody | undefined) ?? create(HttpBodySchema);
    };
  }
  const codec = jsonFieldCodec(responseBody, options);
  return (response) => codec.print(response);
}

/** The value of a oneof if the field is the one that is set. */
function caseOf(oneof: unknown, localName: string): unknown {
  const oneofValue = oneof as { readonly case?: string; readonly value?: unknown };
  return oneofValue.case === localName ? oneofValue.value : undefined;
}
