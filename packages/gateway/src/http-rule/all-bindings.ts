// Collects the bindings of all services, and reports all errors in their rules at once.
import { METHODS } from "node:http";
import type { DescService } from "@bufbuild/protobuf";
import { Router } from "../router.ts";
import { type Binding, bindingsOf, checkSelectors, Faults, type HttpRuleInit, nameOf, rulesBySelector } from "./rule.ts";

/** How to treat two rules for the same requests. */
export type Conflicts = "reject" | "keep-first";

/** A path that the gateway serves itself. */
export interface OwnPath {
  readonly path: string;
  /** The option that changes the path. */
  readonly option: string;
}

export interface AllBindingsOptions {
  /** The services of each upstream. The name is for messages. */
  readonly upstreams: readonly { readonly name: string; readonly services: readonly DescService[] }[];
  readonly rules?: readonly HttpRuleInit[] | undefined;
  readonly unbound?: boolean | undefined;
  readonly conflicts?: Conflicts | undefined;
  readonly ownPaths?: readonly OwnPath[] | undefined;
  /**
   * Called for problems that do not prevent serving: rules of unknown services, rules that are
   * never reached, conflicts with `keep-first`.
   */
  readonly warn?: (message: string) => void;
}

/**
 * The bindings of all services, without the ones that lose a conflict.
 *
 * @throws RuleError with all errors in the rules, and the conflicts unless `conflicts` is
 *   `keep-first`.
 */
export function allBindings(options: AllBindingsOptions): Binding[] {
  const { upstreams, rules = [], unbound, conflicts = "reject", ownPaths = [], warn = () => {} } = options;
  const faults = new Faults();
  const conflict = (problem: string, kept: string, remedy: string) => {
    if (conflicts === "keep-first") warn(`${problem}: ${kept}`);
    else faults.add(`${problem}: ${remedy}, or keep the first with conflicts: "keep-first" (--conflicts keep-first)`);
  };

  const services = distinctServices(upstreams, conflict);
  faults.collect(() => checkSelectors(rules, services, warn));
  const selected = rulesBySelector(rules);
  const router = new Router<{ readonly binding: Binding }>();
  const bindings: Binding[] = [];
  for (const method of services.flatMap(({ methods }) => methods)) {
    for (const binding of faults.collect(() => bindingsOf(method, { rules: selected, unbound })) ?? []) {
      const other = router.add({ binding })?.binding;
      if (other === undefined) bindings.push(binding);
      else if (!isSame(other, binding)) {
        conflict(
          `${describe(other)} and ${describe(binding)} match the same requests`,
          "the gateway serves the first",
          "change one of the paths",
        );
      }
    }
  }

  const shadowed = new Map<string, Binding>();
  for (const { path, option } of ownPaths) {
    const found = router.match("GET", path);
    if (found === undefined) continue;
    const { binding } = found.route;
    if (shadowed.get(option) === binding) continue;
    shadowed.set(option, binding);
    const problem = `${describe(binding)} matches ${path}, which the gateway serves itself`;
    // A wildcard also matches other paths.
    if (binding.template.segments.some((segment) => typeof segment === "string")) warn(`${problem}: use ${option} to move it`);
    else conflict(problem, "the gateway serves its own response", `use ${option} to move it`);
  }
  for (const binding of bindings) {
    const winner = shadowingBinding(binding, router, bindings);
    if (winner !== undefined) warn(`${describe(binding)} is never reached: ${describe(winner)} matches its paths first`);
  }
  faults.throw();
  return bindings;
}

function distinctServices(
  upstreams: AllBindingsOptions["upstreams"],
  conflict: (problem: string, kept: string, remedy: string) => void,
): DescService[] {
  const served = new Map<string, { readonly service: DescService; readonly name: string }>();
  for (const { name, services } of upstreams) {
    for (const service of services) {
      const other = served.get(service.typeName);
      if (other === undefined) served.set(service.typeName, { service, name });
      else if (other.service !== service || other.name !== name) {
        conflict(
          `${other.name} and ${name} both have the service ${service.typeName}`,
          `${other.name} serves it`,
          "remove it from one of them",
        );
      }
    }
  }
  return [...served.values()].map(({ service }) => service);
}

/** `GET /v1/{name=shelves/*} of library.v1.Library.GetShelf` */
function describe({ verb, template, method }: Binding): string {
  return `${verb} ${template.text} of ${nameOf(method)}`;
}

/** Whether two bindings are identical: a method may list one twice. */
function isSame(one: Binding, other: Binding): boolean {
  return (
    one.method === other.method && one.body === other.body && one.responseBody === other.responseBody && fieldsOf(one) === fieldsOf(other)
  );
}

function fieldsOf({ variables }: Binding): string {
  return variables.map(({ path, start, end }) => `${path.map(({ name }) => name).join(".")} ${start} ${end}`).join();
}

/**
 * The binding that matches all requests of another one first. Returns `undefined` if some requests
 * reach it. The paths to try contain text of no template, which matches the fewest other bindings;
 * so only the number of segments of a `**` makes a difference.
 */
function shadowingBinding(binding: Binding, router: Router<{ readonly binding: Binding }>, all: readonly Binding[]): Binding | undefined {
  const { segments, verb } = binding.template;
  const deep = segments.includes("**");
  const longest = deep ? Math.max(...all.map(({ template }) => template.segments.length)) + 1 : 0;
  let winner: Binding | undefined;
  for (let length = 0; length <= longest; length++) {
    const path = segments
      .flatMap((segment) => {
        if (segment === "*") return [other];
        return segment === "**" ? Array<string>(length).fill(other) : [encodeURIComponent(segment.literal)];
      })
      .join("/");
    const full = verb === undefined ? `/${path}` : `/${path}:${encodeURIComponent(verb)}`;
    for (const method of binding.verb === "*" ? METHODS : [binding.verb]) {
      const found = router.match(method, full);
      if (found === undefined) continue;
      if (found.route.binding === binding) return undefined;
      winner ??= found.route.binding;
    }
  }
  return winner;
}

/** Text that no template contains. */
const other = "\u{10ffff}";
