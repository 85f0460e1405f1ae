// What all kinds of credentials have in common: which methods need them, and what happens if there
// are none.
import type { DescMethod } from "@bufbuild/protobuf";
import { type Metadata, methodPath, type ServerCall, type ServerInterceptor, type ServiceOrMethod } from "@grpc-study/rpc";
import { checkBoolean, type Names, wrongType } from "@grpc-study/rpc/checks";
import { unauthenticated } from "./errors.ts";
import { type Identity, identity } from "./identity.ts";

/** Options of each interceptor that identifies callers. */
export interface CredentialOptions {
  /** Services and methods that need no credentials. Default: none. */
  readonly except?: readonly ServiceOrMethod[] | undefined;
  /**
   * Whether `grpc.health.v1.Health` needs credentials. Orchestrators send probes without credentials.
   * Default: false.
   */
  readonly health?: boolean | undefined;
  /** Whether server reflection needs credentials. Default: false. */
  readonly reflection?: boolean | undefined;
  /**
   * Whether a call without credentials continues, without an identity. Wrong credentials are
   * rejected all the same. Set it if callers have one of several kinds of credentials, and put
   * `scopes()` after them, which rejects callers without an identity. Default: false.
   */
  readonly optional?: boolean | undefined;
}

export const credentialNames: Names<CredentialOptions> = { except: true, health: true, reflection: true, optional: true };

export const healthName = "grpc.health.v1.Health";
export const reflectionNames = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"] as const;

interface Credentials {
  /** For messages: `bearer token`. */
  readonly name: string;
  /**
   * Returns the credentials of a call, or undefined if it has none.
   *
   * @throws RpcError if they are malformed.
   */
  read(metadata: Metadata): string | undefined;
  /** @throws RpcError if they are wrong. */
  verify(credentials: string, call: ServerCall): Identity | Promise<Identity>;
  /** Called with the identity of a call that continues. */
  accept?(identity: Identity, call: ServerCall): Promise<void> | undefined;
}

/** For each interceptor: the credentials that it wants for a method. */
const needs = new WeakMap<object, (method: DescMethod) => string | undefined>();

/** Returns what an interceptor rejects calls of a method without. Undefined if it lets them pass. */
export function credentialsFor(method: DescMethod, interceptor: ServerInterceptor): string | undefined {
  return needs.get(interceptor)?.(method);
}

/** @throws TypeError if an option has a wrong type. */
export function authentication(options: CredentialOptions, credentials: Credentials): ServerInterceptor {
  const open = openNames(options);
  const optional = checkBoolean("optional", options.optional ?? false);
  const isOpen = (method: DescMethod) => open.has(method.parent.typeName) || open.has(methodPath(method));
  const interceptor: ServerInterceptor = (call, next) => {
    if (isOpen(call.method)) return next();
    const given = credentials.read(call.metadata);
    if (given === undefined) {
      if (optional) return next();
      throw unauthenticated("CREDENTIALS_MISSING", `the call has no ${credentials.name}`);
    }
    if (call.values.get(identity) !== undefined) {
      throw unauthenticated("CREDENTIALS_AMBIGUOUS", `the call has other credentials beside the ${credentials.name}`);
    }
    const accept = (caller: Identity) => {
      call.values.set(identity, caller);
      const accepted = credentials.accept?.(caller, call);
      return accepted === undefined ? next() : accepted.then(() => next());
    };
    const caller = credentials.verify(given, call);
    return caller instanceof Promise ? caller.then(accept) : accept(caller);
  };
  needs.set(interceptor, (method) => (optional || isOpen(method) ? undefined : `its ${credentials.name}`));
  return interceptor;
}

/** The names of services and the paths of methods that need no credentials. */
function openNames({ except = [], health = false, reflection = false }: CredentialOptions): ReadonlySet<string> {
  const open = new Set<string>();
  if (!Array.isArray(except)) throw wrongType("except", "an array of services and methods", except);
  for (const [index, one] of except.entries() as Iterable<[number, ServiceOrMethod | undefined | null]>) {
    if (typeof one === "string" && /^([\w.]+|\/[\w.]+\/\w+)$/.test(one)) open.add(one);
    else if (typeof one === "object" && one?.kind === "service") open.add(one.typeName);
    else if (typeof one === "object" && one?.kind === "rpc") open.add(methodPath(one));
    else throw wrongType(`except[${index}]`, "the descriptor or the full name of a service or of a method", one);
  }
  if (!checkBoolean("health", health)) open.add(healthName);
  if (!checkBoolean("reflection", reflection)) for (const name of reflectionNames) open.add(name);
  return open;
}
