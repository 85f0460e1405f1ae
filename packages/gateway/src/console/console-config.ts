// What the page of the console reads first: `config.json`.
import type { Binding } from "../http-rule/rule.ts";
import { nameOf } from "../http-rule/rule.ts";
import { servicesOf, titleOf } from "../openapi/index.ts";
import type { GatewayOptions } from "../options.ts";
import { ownPathsOf } from "../own-paths.ts";
import { allProtocols, type Protocol } from "../protocols.ts";
import { upstreamsOf } from "../routes.ts";
import { withNames } from "../upstreams.ts";
import type { ConsoleLink, ConsoleOptions } from "./console-options.ts";

/** The HTTP paths of a method. */
export interface ConsoleRule {
  readonly verb: string;
  readonly path: string;
  /** What the body has: `*` for the whole message, or the name of a field. Absent without a body. */
  readonly body?: string;
}

/** The content of `config.json`. The page reads it from the folder of the page. */
export interface ConsoleConfig {
  readonly title: string;
  /** The URL of the gateway, relative to the page: calls start from it. */
  readonly root: string;
  readonly readOnly: boolean;
  /** The protocols of the gateway. */
  readonly protocols: readonly Protocol[];
  /** The names of the upstreams, with their services. */
  readonly upstreams: readonly { readonly name: string; readonly services: readonly string[] }[];
  /** The HTTP rules by the full names of methods. */
  readonly rules: Readonly<Record<string, readonly ConsoleRule[]>>;
  /** The URL of the documentation, relative to the page. Absent without one. */
  readonly docs?: string;
  /** The links of the header. */
  readonly links: readonly ConsoleLink[];
}

export function consoleConfig(
  options: GatewayOptions,
  bindings: readonly Binding[],
  { readOnly = false, links = [] }: ConsoleOptions,
): ConsoleConfig {
  const paths = ownPathsOf(options);
  const root = "../".repeat((paths.console ?? "").split("/").length - 1);
  const rules: Record<string, ConsoleRule[]> = {};
  for (const { method, verb, template, body } of bindings) {
    const name = nameOf(method);
    rules[name] ??= [];
    rules[name].push({ verb, path: template.text, ...(body !== undefined && { body: body === "*" ? body : body.name }) });
  }
  const upstreams = upstreamsOf(options);
  const all = upstreams.flatMap(({ services }) => services);
  const title = options.openApi === false ? undefined : options.openApi?.title;
  return {
    title: title ?? titleOf(all.length > 0 ? all : servicesOf(bindings)),
    root,
    readOnly,
    protocols: options.protocols ?? allProtocols,
    upstreams: withNames(upstreams).map(({ name, services }) => ({ name, services: services.map(({ typeName }) => typeName) })),
    rules,
    ...(paths.docs !== undefined && { docs: `${root}${paths.docs.slice(1)}` }),
    links: links.map(({ title, url }) => ({ title, url })),
  };
}
