// Checks the options of a gateway, so that a mistake is an error at its start instead of in a call.
import {
  boolean,
  type Check,
  callback,
  count,
  either,
  listOf,
  matching,
  objectOf,
  oneOf,
  recordOf,
  text,
  textLike,
  time,
  timeOrZero,
} from "./check-values.ts";
import { isLinkUrl } from "./console/console-options.ts";
import type { ConsoleOption, GatewayOptions, GatewayServerOptions, GatewayUpstreams, Upstream } from "./options.ts";
import { allProtocols } from "./protocols.ts";

type Checks<Options> = { readonly [Name in keyof Options]-?: Check };

const property = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;

/** Checked where the option is used. */
const elsewhere: Check = () => {};
/** An object whose properties are checked where it is used. */
const anObject: Check = matching("an object", (value) => typeof value === "object" && value !== null && !Array.isArray(value));
const headerName = textLike("the name of a header", /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/);
const origin = textLike('"*" or an origin such as "https://shop.example"', /^(?:\*|[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+)$/);
const host = textLike('"*" or a host such as "shop.example" or "shop.example:8080"', /^(?:\*|[^/?#@\s]+)$/);
const path = either(false, textLike('a path such as "/docs", or false', /^\//));
const fieldNames = oneOf("json", "proto");

const upstreamChecks: Checks<Upstream> = {
  services: listOf(matching("the descriptor of a service", (value) => property(value, "kind") === "service")),
  upstream: matching('"host:port" or a channel', (value) => typeof value === "string" || typeof property(value, "open") === "function"),
  connect: callback,
  name: text,
  missing: boolean,
};

const servedChecks: Checks<GatewayUpstreams> = {
  ...upstreamChecks,
  otherUpstreams: listOf(objectOf(upstreamChecks, ["services", "upstream"])),
  // What they say is checked with the methods.
  rules: listOf(
    objectOf(
      {
        selector: text,
        pattern: matching(
          'an object such as { case: "get", value: "/v1/things" }',
          (value) =>
            typeof value === "object" &&
            value !== null &&
            (property(value, "case") === undefined || property(value, "value") !== undefined),
        ),
        body: text,
        responseBody: text,
        additionalBindings: elsewhere,
        $typeName: elsewhere,
        $unknown: elsewhere,
      },
      ["selector"],
    ),
  ),
  registry: matching("a registry", (value) => property(value, "kind") === "registry"),
  typeSource: matching("a source of types", (value) => typeof property(value, "find") === "function"),
  unbound: boolean,
  conflicts: oneOf("reject", "keep-first"),
  timeouts: recordOf(elsewhere),
};

const logger: Check = matching("an object with the functions info, warn and error", (value) =>
  ["info", "warn", "error"].every((name) => typeof property(value, name) === "function"),
);

const commonChecks: Checks<GatewayOptions> = {
  ...servedChecks,
  protocols: (name, value) => {
    listOf(oneOf(...allProtocols))(name, value);
    matching("an array of at least one protocol", (list) => (list as readonly unknown[]).length > 0)(name, value);
  },
  maxResponseBytes: count,
  paths: objectOf({ openApi: path, docs: path, health: path, console: path }),
  onWarning: callback,
  json: objectOf({ fieldNames, emitDefaults: boolean, ignoreUnknownFields: boolean }),
  rejectUnknownParameters: boolean,
  requireConnectVersion: boolean,
  bodyLimit: count,
  elementLimit: count,
  bodyTimeoutMs: time,
  // Checked with the methods.
  timeoutMs: elsewhere,
  maxCalls: count,
  maxCallsPerAddress: count,
  callsPerConnection: count,
  forwardHeaders: listOf(text),
  responseHeaders: listOf(text),
  statusMetadata: textLike("a metadata key", /^[0-9A-Za-z_.-]+$/),
  openApi: either(
    false,
    objectOf({
      title: text,
      version: text,
      description: text,
      servers: listOf(objectOf({ url: text, description: text }, ["url"])),
      descriptors: elsewhere,
    }),
  ),
  graceMs: timeOrZero,
  allowedOrigins: listOf(origin),
  cors: objectOf(
    {
      origin: either("*", (name, value) => {
        matching('"*" or an array of origins', Array.isArray)(name, value);
        listOf(origin)(name, value);
      }),
      allowedHeaders: listOf(headerName),
      exposedHeaders: listOf(headerName),
      maxAgeSeconds: matching("a whole number of seconds", (value) => Number.isInteger(value) && Number(value) >= 0),
    },
    ["origin"],
  ),
  logger,
  // Checked in hooks.ts.
  hooks: anObject,
  observe: callback,
};

const consoleLink = objectOf({ title: text, url: matching('an http or https URL, or a relative one such as "../other/"', isLinkUrl) }, [
  "title",
  "url",
]);

const consoleChecks: Checks<ConsoleOption> = {
  console: either(true, either(false, objectOf({ readOnly: boolean, links: listOf(consoleLink) }))),
};

const serverChecks: Checks<GatewayServerOptions> = {
  ...commonChecks,
  ...consoleChecks,
  // Checked by the server.
  tls: anObject,
  limits: anObject,
  trustProxy: matching(
    "an address or a subnet, an array of them, or true",
    (value) => ["string", "boolean"].includes(typeof value) || Array.isArray(value),
  ),
  allowedHosts: listOf(host),
};

const required = ["services", "upstream"];

/** @throws TypeError or RangeError that names an option, and what it must be. */
export const checkServerOptions: (options: unknown) => void = (options) => objectOf(serverChecks, required)("createGateway()", options);

/** @throws as `checkServerOptions`. */
export const checkUpstreams: (upstreams: unknown) => void = (upstreams) => objectOf(servedChecks, required)("update()", upstreams);

/**
 * @param more the options of the plugin itself, and those of Fastify's `register`.
 * @throws as `checkServerOptions`.
 */
export function checkPluginOptions(options: unknown, more: Readonly<Record<string, "function" | "any">>): void {
  const others = Object.fromEntries(Object.entries(more).map(([name, type]) => [name, type === "function" ? callback : elsewhere]));
  objectOf({ ...commonChecks, ...consoleChecks, ...others }, required)("fastifyGateway()", options);
}
