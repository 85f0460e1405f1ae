// Answers requests for the paths that the gateway serves itself.
import { healthHandler, type UpstreamsHealth } from "./health.ts";
import type { Binding } from "./http-rule/rule.ts";
import { docsHandlers, redirect } from "./openapi/docs.ts";
import { openApiSteps, servicesOf, titleOf } from "./openapi/index.ts";
import { documentHandler } from "./openapi/serve-document.ts";
import type { GatewayOptions } from "./options.ts";
import { type OwnHandler, ownPathsOf } from "./own-paths.ts";

export interface OwnHandlersContext {
  readonly bindings: readonly Binding[];
  /** The health of all upstreams. */
  readonly health: UpstreamsHealth;
  /** Whether `/` redirects to the documentation, unless a rule matches it. */
  readonly home: boolean;
}

/** The handlers by path. */
export function ownHandlers(options: GatewayOptions, { bindings, health, home }: OwnHandlersContext): Map<string, OwnHandler> {
  const { openApi: more, json: { fieldNames = "json", emitDefaults = false } = {} } = options;
  const paths = ownPathsOf(options);
  const handlers = new Map<string, OwnHandler>();
  if (paths.health !== undefined) handlers.set(paths.health, healthHandler(health));
  if (paths.openApi === undefined) return handlers;
  const info = more || {};
  // Created by the first request: the document of a large API takes seconds.
  handlers.set(
    paths.openApi,
    documentHandler(() => openApiSteps(bindings, { ...info, fieldNames, emitDefaults })),
  );
  if (paths.docs === undefined) return handlers;
  // Relative, so that a proxy can serve both below another path.
  const openApiUrl = `${"../".repeat(paths.docs.split("/").length - 2)}${paths.openApi.slice(1)}`;
  const docs = docsHandlers({ title: info.title ?? titleOf(servicesOf(bindings)), path: paths.docs, openApiUrl });
  for (const [path, handler] of docs) handlers.set(path, handler);
  if (home && !bindings.some(({ template }) => template.text === "/")) handlers.set("/", redirect(paths.docs));
  return handlers;
}
