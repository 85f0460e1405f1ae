// gRPC pass-through: the methods of the gateway's services, as the server transport calls them. Each
// call is opened on a channel to its upstream, or handed over to a server in this process. Messages
// cross as bytes.
import type { DescMethod } from "@bufbuild/protobuf";
import {
  type LocalMethod,
  localMethod,
  type OutgoingMethod,
  type ServedMethod,
  type ServerListener,
  type ServerStream,
} from "@grpc-study/rpc/transport";
import type { UpstreamConnections } from "../upstreams.ts";
import { HandedOverCall } from "./handed-over-call.ts";
import type { OriginOf } from "./origin.ts";
import type { RelayedMethod, RelaySettings } from "./relayed-call.ts";
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

/**
 * Returns a function that finds the methods of a gateway for the server transport: those that the
 * gateway serves at the time.
 */
export function methodsOf(
  gateway: { readonly routes: RelayTable; readonly settings: Omit<RelaySettings, "originOf">; readonly common: Common },
  originOf: OriginOf,
) {
  let routes: RelayTable | undefined;
  let relay: Relay | undefined;
  return (path: string): ServedMethod | undefined => {
    if (relay === undefined || gateway.routes !== routes) {
      routes = gateway.routes;
      relay = new Relay(routes, gateway.common, { ...gateway.settings, originOf });
    }
    return relay.find(path);
  };
}

/** A served method: its descriptor, the connections to its upstream, and its time limit in milliseconds. */
interface Served {
  readonly method: DescMethod;
  readonly connections: UpstreamConnections;
  readonly timeoutMs: number;
}

/** Returns the connections to the gateway's own health and reflection services. */
type Common = () => UpstreamConnections;

/** What a relay serves. */
interface RelayTable {
  /** Returns the method with a path, `/package.Service/Method`. */
  method(path: string): Served | undefined;
  /** The only upstream. Undefined if there are several. */
  readonly only: UpstreamConnections | undefined;
}

/** The methods of a gateway. Each is created when it is called first. */
class Relay {
  readonly #table: RelayTable;
  readonly #common: Common;
  readonly #settings: RelaySettings;
  readonly #methods = new Map<string, Method>();

  constructor(table: RelayTable, common: Common, settings: RelaySettings) {
    this.#table = table;
    this.#common = common;
    this.#settings = settings;
  }

  /**
   * Returns the method with a path, `/package.Service/Method`: a served one, or a method of the health
   * and reflection services. With one upstream, these are its own, and else those of the gateway.
   */
  find(path: string): ServedMethod | undefined {
    const known = this.#methods.get(path);
    if (known !== undefined) return known;
    const method = this.#create(path);
    if (method !== undefined) this.#methods.set(path, method);
    return method;
  }

  #create(path: string): Method | undefined {
    const served = this.#table.method(path);
    if (served !== undefined) return new Method(path, kinds[served.method.methodKind], served, this.#settings);
    const kind = Object.hasOwn(common, path) ? common[path] : undefined;
    if (kind === undefined) return undefined;
    const connections = this.#table.only ?? this.#common();
    return new Method(path, kind, { connections, timeoutMs: Number.POSITIVE_INFINITY }, this.#settings);
  }
}

/** A method on both sides: the transport serves it, and the channel calls it. */
class Method implements ServedMethod, RelayedMethod {
  readonly path: string;
  readonly desc: DescMethod | undefined;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly early: boolean;
  readonly connections: UpstreamConnections;
  /** The method of an upstream in this process. */
  readonly local: LocalMethod | undefined;
  /** The time limit of its calls, in milliseconds. */
  readonly timeoutMs: number;
  readonly settings: RelaySettings;

  constructor(
    path: string,
    { requestStream, responseStream }: Kind,
    { method, connections, timeoutMs }: Omit<Served, "method"> & Partial<Served>,
    settings: RelaySettings,
  ) {
    this.path = path;
    this.desc = method;
    this.requestStream = requestStream;
    this.responseStream = responseStream;
    this.early = requestStream;
    this.connections = connections;
    this.local = localMethod(connections.channel, path);
    this.timeoutMs = timeoutMs;
    this.settings = settings;
  }

  get borrows(): boolean {
    // A hook may wait while the request waits.
    return this.local?.borrows === true && (this.requestStream || this.settings.hooks.metadata === undefined);
  }

  open(caller: ServerStream): ServerListener {
    if (this.local !== undefined) return begun(new HandedOverCall(this, caller, this.local, undefined, false, 0));
    const call = new RequestStreamCall(this, caller);
    call.begin();
    return call.requests;
  }

  answer(caller: ServerStream, request: Buffer, compressed: boolean, start = 0): ServerListener {
    if (this.local !== undefined) return begun(new HandedOverCall(this, caller, this.local, request, compressed, start));
    return begun(new SingleRequestCall(this, caller, request, compressed));
  }
}

function begun<Call extends HandedOverCall | SingleRequestCall>(call: Call): Call {
  call.begin();
  return call;
}
