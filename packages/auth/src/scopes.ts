// Authorization: which scopes each method needs, in one table.
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { methodPath, type ServerCall, type ServerInterceptor } from "@grpc-study/rpc";
import { wrongType } from "@grpc-study/rpc/checks";
import { checkText } from "./checks.ts";
import { permissionDenied, unauthenticated } from "./errors.ts";
import { type Identity, identity } from "./identity.ts";
import { credentialsFor, healthName, reflectionNames } from "./interceptor.ts";

/** A requirement that is not a scope. */
interface Special<Name extends string> {
  readonly callers: Name;
}

/**
 * For methods that anyone may call, without credentials. The interceptors before `scopes()` must let
 * such calls pass, by `optional: true` or by `except`: otherwise `server.add()` throws.
 */
export const anyone: Special<"anyone"> = Object.freeze({ callers: "anyone" });

/** For methods that every caller with an identity may call. */
export const authenticated: Special<"authenticated"> = Object.freeze({ callers: "authenticated" });

/**
 * What a call needs: a scope, all of several scopes, a condition, `authenticated`, or `anyone`. The
 * condition returns whether the caller may make the call.
 */
export type Requirement = string | readonly [string, ...string[]] | Special<"authenticated" | "anyone"> | Condition;

type Condition = (identity: Identity, call: ServerCall) => boolean | Promise<boolean>;

/** A requirement for each method of a service, by local name. */
export type MethodScopes<Service extends DescService> = { readonly [Name in keyof Service["method"]]: Requirement };

/** A service, and one requirement for all its methods or one for each. */
export type TableRow<Service extends DescService> = readonly [Service, Requirement | MethodScopes<Service>];

/**
 * Returns a server interceptor that lets a call continue only if its caller has the scopes of the
 * method. It follows an interceptor that sets `identity`, such as `jwt()` or `apiKeys()`. A caller
 * without a scope gets PERMISSION_DENIED, one without an identity UNAUTHENTICATED.
 *
 * A row that omits a method does not compile, and `server.add()` throws for a service that the table
 * omits, and for a method of `anyone` that an interceptor further out rejects without credentials.
 * Health and reflection need no row.
 *
 * @example
 * scopes([
 *   [ProdService, "prod:read"],
 *   [OrderService, { newOrder: ["order:write", "prod:read"] }],
 *   [Greeter, anyone],
 * ]);
 *
 * @throws TypeError if the table is wrong.
 */
export function scopes<const Services extends readonly DescService[]>(
  table: readonly [...{ [Index in keyof Services]: TableRow<Services[Index]> }],
): ServerInterceptor {
  const requirements = requirementsOf(table);
  const optional = new Set<string>([healthName, ...reflectionNames]);
  const interceptor: ServerInterceptor = (call, next) => {
    const path = methodPath(call.method);
    const requirement = requirements.get(path);
    if (requirement === undefined) {
      if (optional.has(call.method.parent.typeName)) return next();
      throw permissionDenied(`${path} may not be called`);
    }
    if (requirement.anonymous) return next();
    const caller = call.values.get(identity);
    if (caller === undefined) throw unauthenticated("CREDENTIALS_MISSING", `${path} needs credentials`);
    const missing = requirement.scopes.filter((scope) => !caller.scopes.includes(scope));
    if (missing.length > 0) throw permissionDenied(`${path} needs the scope ${missing.join(" and ")}`, missing);
    if (requirement.condition === undefined) return next();
    const settle = (may: unknown) => {
      if (may !== true) throw permissionDenied(`the caller may not call ${path}`);
      return next();
    };
    const may = requirement.condition(caller, call);
    return may instanceof Promise ? may.then(settle) : settle(may);
  };
  const prepare = (service: DescService, before: readonly ServerInterceptor[]) => {
    checkComplete(service, requirements, optional);
    checkAnyone(service, requirements, before);
  };
  return Object.assign(interceptor, { prepare });
}

/** A requirement in its general form: the caller has these scopes, and the condition holds. */
interface Checked {
  readonly anonymous: boolean;
  readonly scopes: readonly string[];
  readonly condition: Condition | undefined;
}

/** The requirements by the paths of methods. */
function requirementsOf(table: unknown): ReadonlyMap<string, Checked> {
  if (!Array.isArray(table)) throw wrongType("the table of scopes()", "an array of rows [service, requirement]", table);
  const requirements = new Map<string, Checked>();
  for (const [index, row] of table.entries()) {
    const [service, required] = (Array.isArray(row) ? row : []) as [DescService?, unknown?];
    if (service?.kind !== "service") throw wrongType(`table[${index}][0]`, "the descriptor of a service", service);
    for (const method of service.methods) {
      const path = methodPath(method);
      if (requirements.has(path)) throw new TypeError(`the table of scopes() has ${service.typeName} twice`);
      requirements.set(path, checkRequirement(service, method, required));
    }
    for (const name of isTable(required) ? Object.keys(required) : []) {
      if (!(name in service.method)) throw new TypeError(`${service.typeName} has no method "${name}"`);
    }
  }
  return requirements;
}

function checkRequirement(service: DescService, { localName }: DescMethod, required: unknown): Checked {
  const where = `the requirement of ${service.typeName}.${localName}`;
  const one = isTable(required) ? (Object.hasOwn(required, localName) ? required[localName] : undefined) : required;
  if (one === anyone || one === authenticated) return { anonymous: one === anyone, scopes: [], condition: undefined };
  if (typeof one === "function") return { anonymous: false, scopes: [], condition: one as Condition };
  const several = typeof one === "string" ? [one] : one;
  if (!Array.isArray(several) || several.length === 0) {
    throw wrongType(where, "a scope, an array of scopes, a function, `authenticated` or `anyone`", one);
  }
  for (const scope of several) {
    if (/\s/.test(checkText(where, scope))) throw new TypeError(`${where} must be an array, to name several scopes, got "${scope}"`);
  }
  return { anonymous: false, scopes: [...several], condition: undefined };
}

function isTable(required: unknown): required is Readonly<Record<string, unknown>> {
  return typeof required === "object" && required !== null && !Array.isArray(required) && required !== anyone && required !== authenticated;
}

/** @throws TypeError that names the methods without a requirement. */
function checkComplete(service: DescService, requirements: ReadonlyMap<string, Checked>, optional: ReadonlySet<string>): void {
  if (optional.has(service.typeName)) return;
  const missing = service.methods.filter((method) => !requirements.has(methodPath(method))).map(({ localName }) => localName);
  if (missing.length === 0) return;
  throw new TypeError(`the table of scopes() lacks ${service.typeName}: ${missing.join(", ")}`);
}

/** @throws TypeError that names a method for anyone whose callers do not reach the table. */
function checkAnyone(service: DescService, requirements: ReadonlyMap<string, Checked>, before: readonly ServerInterceptor[]): void {
  for (const method of service.methods) {
    if (requirements.get(methodPath(method))?.anonymous !== true) continue;
    for (const interceptor of before) {
      const needed = credentialsFor(method, interceptor);
      if (needed === undefined) continue;
      throw new TypeError(
        `the table of scopes() lets anyone call ${methodPath(method)}, but an interceptor before it rejects calls without ${needed}: give that one optional: true, or except`,
      );
    }
  }
}
