// The paths that a gateway serves itself.
import type { HttpExchange } from "./http-exchange.ts";
import type { OwnPath } from "./http-rule/all-bindings.ts";
import { RuleError } from "./http-rule/rule.ts";
import type { GatewayOptions } from "./options.ts";

/** Answers GET and HEAD for a path. */
export type OwnHandler = (exchange: HttpExchange) => void | Promise<void>;

/** The paths. `undefined` if one is disabled. */
export interface OwnPaths {
  readonly openApi: string | undefined;
  readonly docs: string | undefined;
  /** Enabled by default in `createGateway` on loopback, and disabled in the plugin. */
  readonly console: string | undefined;
  /** Enabled by default in `createGateway`, and disabled in the plugin. */
  readonly health: string | undefined;
}

/** The paths of `createGateway`, which serves the health check by default. */
export function serverPaths(paths: GatewayOptions["paths"]): NonNullable<GatewayOptions["paths"]> {
  return { health: "/healthz", ...paths };
}

/**
 * The paths of a gateway.
 *
 * @throws RuleError for a path that does not start with a slash, or that ends with one, and for two
 *   that are the same.
 */
export function ownPathsOf({ paths = {}, openApi }: GatewayOptions): OwnPaths {
  const { openApi: document = "/openapi.json", docs = "/docs", console = false, health = false } = paths;
  for (const [name, path] of Object.entries(paths)) {
    if (typeof path === "string" && !/^\/[^?#]*[^?#/]$/.test(path))
      throw new RuleError(`paths.${name} must have the form "/path", got "${path}"`);
  }
  const documented = openApi !== false && document !== false;
  const own: OwnPaths = {
    openApi: documented ? document : undefined,
    docs: documented && docs !== false ? docs : undefined,
    console: console === false ? undefined : console,
    health: health === false ? undefined : health,
  };
  checkDistinct(own);
  return own;
}

/** @throws RuleError */
function checkDistinct(paths: OwnPaths): void {
  const names = new Map<string, string>();
  for (const [name, path] of Object.entries(paths) as [keyof OwnPaths, string | undefined][]) {
    if (path === undefined) continue;
    const other = names.get(path);
    if (other !== undefined) throw new RuleError(`paths.${other} and paths.${name} are both "${path}"`);
    names.set(path, name);
  }
}

/** The paths with the options that move them, for conflict messages. */
export function withOptions({ openApi, docs, console, health }: OwnPaths): OwnPath[] {
  const all = [
    [health, "paths.health (--health-path)"],
    [docs, "paths.docs (--docs-path)"],
    // Stands for all files of the page.
    [docs && `${docs}/start.js`, "paths.docs (--docs-path)"],
    [console, "paths.console (--console-path)"],
    [console && `${console}/index.html`, "paths.console (--console-path)"],
    [openApi, "paths.openApi (--openapi-path)"],
  ] as const;
  return all.flatMap(([path, option]) => (path === undefined ? [] : { path, option }));
}
