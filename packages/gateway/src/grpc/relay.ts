// gRPC pass-through: the methods of the gateway's services, as the server transport calls them. Each
// call is opened on a channel to its upstream. Messages cross as bytes.
import type { DescService } from "@bufbuild/protobuf";
import type { OutgoingMethod, ServedMethod, ServerListener, ServerStream } from "@grpc-study/rpc/transport";
import type { UpstreamConnections } from "../upstreams.ts";
import type { RelaySettings } from "./relayed-call.ts";
import { RequestStreamCall } from "./request-stream-call.ts";
import { SingleRequestCall } from "./single-request-call.ts";

/** The kind of a method. */
type Kind = Pick<OutgoingMethod, "requestStream" | "responseStream">;

const kinds = {
  unary: { requestStream: false, responseStream: false },
  server_streaming: { requestStream: false, responseStream: true },
  client_streaming: { requestStream: true, responseStream: false },
  bidi_streaming: { requestStream: true, responseStream: true },
} as const satisfies Readonly<Record<string, Kind>>;

/** The services that every gRPC server may have, and that tools expect beside the others. */
const common: Readonly<Record<string, Kind>> = {
  "/grpc.health.v1.Health/Check": kinds.unary,
  "/grpc.health.v1.Health/List": kinds.unary,
  "/grpc.health.v1.Health/Watch": kinds.server_streaming,
  "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo": kinds.bidi_streaming,
  "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": kinds.bidi_streaming,
};

/** A served service, and the connections to its upstream. */
export interface RelayedService {
  readonly service: DescService;
  readonly connections: UpstreamConnections;
}

/** The methods of a set of services. They are created when they are called first. */
export class Relay {
  readonly #settings: RelaySettings;
  readonly #services = new Map<string, RelayedService>();
  readonly #methods = new Map<string, RelayedMethod>();
  /** The only upstream. */
  readonly #only: UpstreamConnections | undefined;

  /** @param services of several with one name, the first is served. */
  constructor(services: Iterable<RelayedService>, settings: RelaySettings) {
    this.#settings = settings;
    const upstreams = new Set<UpstreamConnections>();
    for (const relayed of services) {
      const { typeName } = relayed.service;
      if (!this.#services.has(typeName)) this.#services.set(typeName, relayed);
      upstreams.add(relayed.connections);
    }
    const [first] = upstreams;
    this.#only = upstreams.size === 1 ? first : undefined;
  }

  /**
   * Returns the method with a path, `/package.Service/Method`: one of the services, or, with one
   * upstream, a method of its health and reflection services.
   */
  find(path: string): ServedMethod | undefined {
    const known = this.#methods.get(path);
    if (known !== undefined) return known;
    const method = this.#create(path);
    if (method !== undefined) this.#methods.set(path, method);
    return method;
  }

  #create(path: string): RelayedMethod | undefined {
    const slash = path.lastIndexOf("/");
    const relayed = this.#services.get(path.slice(1, slash));
    if (relayed !== undefined) {
      const name = path.slice(slash + 1);
      const method = path.startsWith("/") ? relayed.service.methods.find((each) => each.name === name) : undefined;
      return method && new RelayedMethod(path, kinds[method.methodKind], relayed.connections, this.#settings);
    }
    const kind = Object.hasOwn(common, path) ? common[path] : undefined;
    return kind && this.#only && new RelayedMethod(path, kind, this.#only, this.#settings);
  }
}

/** A method on both sides: the transport serves it, and the channel calls it. */
export class RelayedMethod implements ServedMethod, OutgoingMethod {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly early: boolean;
  readonly connections: UpstreamConnections;
  readonly settings: RelaySettings;

  constructor(path: string, { requestStream, responseStream }: Kind, connections: UpstreamConnections, settings: RelaySettings) {
    this.path = path;
    this.requestStream = requestStream;
    this.responseStream = responseStream;
    this.early = requestStream;
    this.connections = connections;
    this.settings = settings;
  }

  open(caller: ServerStream): ServerListener {
    const call = new RequestStreamCall(this, caller);
    call.begin();
    return call.requests;
  }

  answer(caller: ServerStream, request: Buffer): ServerListener {
    const call = new SingleRequestCall(this, caller, request);
    call.begin();
    return call;
  }
}
