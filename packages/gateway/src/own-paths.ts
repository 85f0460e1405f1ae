// The paths that a gateway answers itself.
import type { OwnPath } from "./http-rule/all-bindings.ts";
import { RuleError } from "./http-rule/rule.ts";
import type { GatewayOptions } from "./options.ts";

/** Where they are; `undefined`: nowhere. */
export interface OwnPaths {
  readonly openApi: string | undefined;
  readonly docs: string | undefined;
  /** `createGateway` has a default for it, and the plugin does not: there it is nowhere. */
  readonly health: string | undefined;
}

/** Those of a server of the gateway's own, which answers for its health. */
export function serverPaths(paths: GatewayOptions["paths"]): NonNullable<GatewayOptions["paths"]> {
  return { health: "/healthz", ...paths };
}

/** @throws RuleError for a path that does not begin with a slash, or ends in one. */
export function ownPathsOf({ paths = {}, openApi }: GatewayOptions): OwnPaths {
  const { openApi: document = "/openapi.json", docs = "/docs", health = false } = paths;
  for (const [name, path] of Object.entries(paths)) {
    if (typeof path === "string" && !/^\/[^?#]*[^?#/]$/.test(path))
      throw new RuleError(`paths.${name} must be like "/path", got "${path}"`);
  }
  const described = openApi !== false && document !== false;
  return {
    openApi: described ? document : undefined,
    docs: described && docs !== false ? docs : undefined,
    health: health === false ? undefined : health,
  };
}

/** For messages: with the options that move them. */
export function movable({ openApi, docs, health }: OwnPaths): OwnPath[] {
  const all = [
    [health, "paths.health (--health-path)"],
    [docs, "paths.docs (--docs-path)"],
    // One of the page's files stands for all.
    [docs && `${docs}/start.js`, "paths.docs (--docs-path)"],
    [openApi, "paths.openApi (--openapi-path)"],
  ] as const;
  return all.flatMap(([path, option]) => (path === undefined ? [] : { path, option }));
}
