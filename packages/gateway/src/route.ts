// A route: a binding, made ready to be called.
import { create, type DescMessage, type DescMethod, type DescService, type Message } from "@bufbuild/protobuf";
import { type JsonOptions, jsonCodec, jsonFieldCodec } from "@grpc-study/codec/json";
import type { CallOptions } from "@grpc-study/rpc";
import { type HttpBody, HttpBodySchema } from "../gen/google/api/httpbody_pb.js";
import { isHttpBody, RequestBinder } from "./fields/bind-request.ts";
import type { Binding } from "./http-rule/rule.ts";
import type { AnyTypes } from "./type-source.ts";
import type { UpstreamConnection, UpstreamConnections } from "./upstreams.ts";

/** The part of a client's streaming call that the gateway uses. */
export interface Responses extends Disposable {
  recv(): Promise<Message | undefined>;
  header(): Promise<unknown>;
  cancel(): void;
}

/** The options of a call, which is told its connection when it begins. */
export interface UpstreamCall extends CallOptions {
  use(connection: UpstreamConnection): void;
}

/** How the method is called, by its kind. */
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
  readonly refuseUnknownParameters: boolean;
  readonly anyTypes?: AnyTypes | undefined;
}

export interface Route {
  readonly binding: Binding;
  readonly binder: RequestBinder;
  readonly calls: Calls;
  /** A response's JSON, or, if it is a `google.api.HttpBody`, what it holds. */
  readonly print: (response: Message) => string | HttpBody;
}

/** The connections to the upstream of a service. */
export type ConnectionsOf = (service: DescService) => UpstreamConnections;

export function makeRoute(binding: Binding, connectionsOf: ConnectionsOf, options: RouteOptions): Route {
  const { method } = binding;
  return {
    binding,
    binder: new RequestBinder(binding, options),
    calls: withTypes(callsOf(method, connectionsOf(method.parent)), method.output, options.anyTypes),
    print: printer(binding, options.json),
  };
}

/** Calls whose responses, and errors, come when the types in them are at hand. */
function withTypes(calls: Calls, output: DescMessage, types: AnyTypes | undefined): Calls {
  if (types === undefined) return calls;
  const reading = <Stream extends Responses>(stream: Stream): Stream => {
    const recv = stream.recv.bind(stream);
    return Object.assign(stream, { recv: () => types.of(output, recv()) });
  };
  switch (calls.kind) {
    case "unary":
      return { kind: calls.kind, call: (request, options) => types.of(output, calls.call(request, options)) };
    case "client_streaming":
      return { kind: calls.kind, call: (requests, options) => types.of(output, calls.call(requests, options)) };
    case "server_streaming":
      return { kind: calls.kind, call: (request, options) => reading(calls.call(request, options)) };
    case "bidi_streaming":
      return {
        kind: calls.kind,
        call: (requests, options) => reading(calls.call(requests, options)),
      };
  }
}

/** What createClient has made of the method's descriptor, which only the run time knows. */
function callsOf({ parent, localName, methodKind }: DescMethod, connections: UpstreamConnections): Calls {
  const begin = (call: UpstreamCall) => {
    const connection = connections.choose();
    call.use(connection);
    return connection.client(parent)[localName] as (...args: readonly unknown[]) => unknown;
  };
  const call = (request: unknown, options: UpstreamCall) => begin(options)(request, options);
  return { kind: methodKind, call } as Calls;
}

function printer({ method, responseBody }: Binding, options: JsonOptions): Route["print"] {
  if (responseBody === undefined) {
    if (isHttpBody(method.output)) return (response) => response as HttpBody;
    const codec = jsonCodec(method.output, options);
    return (response) => codec.print(response);
  }
  if (responseBody.fieldKind === "message" && isHttpBody(responseBody.message)) {
    const { localName, oneof } = responseBody;
    return (response) => {
      const properties = response as Message & Record<string, unknown>;
      const held = oneof === undefined ? properties[localName] : caseOf(properties[oneof.localName], localName);
      return (held as HttpBody | undefined) ?? create(HttpBodySchema);
    };
  }
  const codec = jsonFieldCodec(responseBody, options);
  return (response) => codec.print(response);
}

/** What a oneof holds for a field: another one of it may be set. */
function caseOf(oneof: unknown, localName: string): unknown {
  const { case: name, value } = oneof as { readonly case?: string; readonly value?: unknown };
  return name === localName ? value : undefined;
}
