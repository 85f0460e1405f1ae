// What a gateway serves at one time: its bindings, and the methods of its upstreams.
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { JsonOptions } from "@grpc-study/codec/json";
import { type Channel, methodPath } from "@grpc-study/rpc";
import { allBindings } from "./http-rule/all-bindings.ts";
import { type Binding, RuleError } from "./http-rule/rule.ts";
import { joinRegistries, withKnownTypes } from "./known-types.ts";
import type { GatewayOptions, GatewayUpstreams, Upstream } from "./options.ts";
import { ownPathsOf, withOptions } from "./own-paths.ts";
import { allProtocols } from "./protocols.ts";
import { type ConnectionsOf, Route, type RouteOptions } from "./route.ts";
import { type Match, Router, type WrongMethod } from "./router.ts";
import { MethodTimeouts } from "./timeouts.ts";
import { AnyTypes } from "./type-source.ts";
import { type UpstreamConnections, withNames } from "./upstreams.ts";

const defaultElementLimit = 1_000_000;

/** A method that RPC protocols serve at `/<package.Service>/<Method>`. */
export interface RpcMethod {
  readonly method: DescMethod;
  readonly connections: UpstreamConnections;
  readonly options: RouteOptions;
  /** The time limit of the method, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * The bindings that a gateway serves.
 *
 * @throws RuleError if a rule is invalid, or conflicts with another one.
 */
export function servedBindings(options: GatewayOptions, warn?: (message: string) => void): Binding[] {
  const { rules, unbound, conflicts, protocols = allProtocols } = options;
  if (!protocols.includes("rest")) return [];
  const ownPaths = withOptions(ownPathsOf(options));
  return allBindings({ upstreams: withNames(upstreamsOf(options)), rules, unbound, conflicts, ownPaths, ...(warn && { warn }) });
}

const usualVerbs: readonly string[] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** The routes of a gateway. */
export class Routes {
  readonly bindings: readonly Binding[];
  /** The HTTP methods of all bindings, the usual ones first. */
  readonly verbs: readonly string[];
  /** The connections of the only upstream. Undefined if there are several. */
  readonly only: UpstreamConnections | undefined;
  /** The services of all upstreams, with the connections to their upstream. */
  readonly services: ReadonlyMap<DescService, UpstreamConnections>;
  readonly #router = new Router<Route>();
  readonly #methods = new Map<string, RpcMethod>();

  /**
   * @throws RuleError if a rule is invalid, or if no method has a rule and no other protocol is
   *   served.
   */
  constructor(options: GatewayOptions, pools: ReadonlyMap<string | Channel, UpstreamConnections>) {
    const { services, protocols = allProtocols } = options;
    const upstreams = upstreamsOf(options);
    const warn = options.onWarning ?? ((message: string) => console.warn(`gateway: ${message}`));
    this.bindings = servedBindings(options, warn);
    // Such a gateway would answer every request with 404.
    const isComplete = !upstreams.some(({ missing }) => missing);
    if (this.bindings.length === 0 && isComplete && protocols.every((protocol) => protocol === "rest")) {
      const names = services.map(({ typeName }) => typeName).join(", ") || "the upstream";
      throw new RuleError(`no method of ${names} has a google.api.http rule: add rules with the option rules, or set unbound: true`);
    }
    const verbs = new Set(this.bindings.map(({ verb }) => (verb === "*" ? "GET" : verb)));
    this.verbs = [...usualVerbs.filter((verb) => verbs.has(verb)), ...[...verbs].filter((verb) => !usualVerbs.includes(verb))];
    const routeOptions = routeOptionsOf(options);
    const [first] = pools.values();
    this.only = pools.size === 1 ? first : undefined;
    const poolOf = new Map<DescService, UpstreamConnections>();
    for (const { services, upstream } of upstreams) {
      const pool = pools.get(upstream);
      for (const service of services) if (pool !== undefined && !poolOf.has(service)) poolOf.set(service, pool);
    }
    this.services = poolOf;
    const connectionsOf: ConnectionsOf = (service) => {
      const pool = poolOf.get(service);
      if (pool === undefined) throw new Error(`no upstream has ${service.typeName}`);
      return pool;
    };
    for (const binding of this.bindings) this.#router.add(new Route(binding, connectionsOf, routeOptions));
    for (const [service, connections] of poolOf) {
      for (const method of service.methods) {
        const path = methodPath(method);
        if (!this.#methods.has(path))
          this.#methods.set(path, { method, connections, options: routeOptions, timeoutMs: routeOptions.timeouts.of(method) });
      }
    }
  }

  /** The REST route of a request. */
  match(httpMethod: string, path: string): Match<Route> | undefined {
    return this.#router.match(httpMethod, path);
  }

  /** The methods that REST serves at a path, if it does not serve the given one. */
  wrongMethod(httpMethod: string, path: string): WrongMethod | undefined {
    return this.#router.wrongMethod(httpMethod, path);
  }

  /** The method at a path of RPC. */
  method(path: string): RpcMethod | undefined {
    return this.#methods.get(path);
  }
}

function routeOptionsOf({
  json,
  elementLimit = defaultElementLimit,
  rejectUnknownParameters = false,
  ...options
}: GatewayOptions): RouteOptions {
  const { typeSource } = options;
  const registry = registryOf(options);
  const jsonOptions: JsonOptions = {
    ...json,
    elementLimit,
    // An ignored misspelt value would become the enum's zero value, and a PATCH would clear the
    // field.
    ignoreUnknownEnumValues: false,
    // An upstream may send anything that the wire format can express.
    fallbacks: true,
    registry: withKnownTypes(registry),
  };
  return {
    json: jsonOptions,
    rejectUnknownParameters,
    anyTypes: typeSource && new AnyTypes(typeSource, withKnownTypes(registry)),
    timeouts: new MethodTimeouts(options),
  };
}

/** The types of a gateway: those given, and those found at run time. */
export function registryOf({ registry, typeSource }: Pick<GatewayOptions, "registry" | "typeSource">): GatewayOptions["registry"] {
  return typeSource === undefined ? registry : joinRegistries([withKnownTypes(registry), typeSource.registry]);
}

/** Options with other upstreams. Those that describe all upstreams stay unless they are given. */
export function updated(options: GatewayOptions, given: GatewayUpstreams): GatewayOptions {
  const { services, upstream, connect, name, missing, otherUpstreams, rules, registry, typeSource } = given;
  const { unbound, conflicts, timeouts } = { ...options, ...given };
  const all = { services, upstream, connect, name, missing, otherUpstreams, rules, registry, typeSource };
  return { ...options, ...all, unbound, conflicts, timeouts };
}

/** The upstreams of options, the first one first. */
export function upstreamsOf({ services, upstream, connect, name, missing, otherUpstreams = [] }: GatewayOptions): readonly Upstream[] {
  return [{ services, upstream, connect, name, missing }, ...otherUpstreams];
}
