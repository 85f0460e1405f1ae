// The schema of the configuration file: the single source of `config.schema.json` for editors, of
// the validator that scripts/config-schema.ts generates with Ajv, and of the type `Config`.
import { logLevels } from "@grpc-study/log";
import { callLimits, connectionLimits, messageLimits } from "./schema-limits.ts";
import {
  duration,
  durationOrZero,
  file,
  flag,
  hostAndPort,
  object,
  path,
  pem,
  portOrAddress,
  protocols,
  strings,
  text,
} from "./schema-parts.ts";

const upstreamTls = {
  type: ["boolean", "object"],
  description: "TLS to this server. true: with the certificate authorities that Node trusts. Default: plaintext.",
  additionalProperties: false,
  dependencies: { cert: ["key"], key: ["cert"] },
  properties: {
    ca: pem("The certificates of the authorities that sign the server's certificate. Default: those that Node trusts."),
    cert: pem("The gateway's client certificate, for mutual TLS."),
    key: pem("The private key of cert."),
    serverName: text("The name that the server's certificate must contain. Default: the host of address."),
  },
} as const;

const upstream = {
  type: "object",
  description: "A gRPC server, and the services that it has.",
  additionalProperties: false,
  required: ["address"],
  properties: {
    address: text("host:port, or dns:host:port, ipv4:a:port,b:port, ipv6:[a]:port or unix:path."),
    balancing: {
      type: "string",
      description:
        "pick_first sends all calls to one address of the name, round_robin to all addresses in turn, as for a headless Service of Kubernetes. Default: pick_first.",
      enum: ["pick_first", "round_robin"],
    },
    name: text("The name in the log and in /healthz. Default: address."),
    services: strings("The services to take from this server: full names, or a prefix such as shop.v1.*. Default: all that it has."),
    descriptors: file("A descriptor set with the services: buf build -o FILE. Default: the services are read by server reflection."),
    reflectionTimeout: duration("Time limit for reading the services by reflection. Default: 10s."),
    tls: upstreamTls,
    timeout: duration("Maximum duration of a call to this server. timeouts has precedence. Default: limits.timeout."),
    connectTimeout: duration("Time limit for connecting. Default: 5s."),
    maxResponseBytes: messageLimits.maxResponseBytes,
  },
} as const;

const pattern = {
  get: text("The path template of a GET."),
  put: text("The path template of a PUT."),
  post: text("The path template of a POST."),
  delete: text("The path template of a DELETE."),
  patch: text("The path template of a PATCH."),
  custom: {
    type: "object",
    description: "Another HTTP method, or * for all.",
    additionalProperties: false,
    required: ["kind", "path"],
    properties: { kind: text("The HTTP method."), path: text("The path template.") },
  },
  body: text("The field that the request body sets; * for the whole message."),
  response_body: text("The field that the response body has."),
  responseBody: text("The field that the response body has."),
} as const;

const additionalBindings = {
  type: "array",
  description: "Further paths of the method.",
  items: { type: "object", additionalProperties: false, properties: pattern },
} as const;

const rule = {
  type: "object",
  description: "A google.api.http rule: https://github.com/googleapis/googleapis/blob/master/google/api/http.proto",
  additionalProperties: false,
  required: ["selector"],
  properties: {
    selector: text("The full name of a method, or package.Service.*"),
    ...pattern,
    additional_bindings: additionalBindings,
    additionalBindings,
  },
} as const;

export const configSchema = {
  $schema: "http://json-schema.org/draft-07/schema#",
  title: "Configuration of grpc-study-gateway",
  type: "object",
  additionalProperties: false,
  properties: {
    $schema: text("The JSON Schema of this file, for editors."),
    listen: hostAndPort("The address to listen on: host:port, or unix:/path. localhost listens on IPv4 and IPv6. Default: localhost:9468."),
    admin: portOrAddress(
      "Also serves channelz, health and reflection for operators at this address: a port of localhost, host:port, or unix:/path. Default: off.",
    ),
    upstreams: { type: "array", description: "The gRPC servers.", minItems: 1, items: upstream },
    services: strings("The services to serve, of all servers: full names, or a prefix such as shop.v1.*. Default: all."),
    rules: {
      type: "array",
      description: "google.api.http rules in addition to those in the .proto files. A rule replaces the method's own one.",
      items: rule,
    },
    ruleFiles: {
      type: "array",
      description: "Files with further rules, as http: { rules: [{ selector, get, … }] }.",
      items: file("A file with rules."),
    },
    conflicts: {
      type: "string",
      description: "What happens if two rules match the same requests, or two servers have the same service. Default: reject.",
      enum: ["reject", "keep-first"],
    },
    unbound: flag("Serves methods without a rule as POST /<package.Service>/<Method>. Default: false."),
    protocols: {
      type: "array",
      description: "The protocols to serve. Default: all.",
      minItems: 1,
      items: { type: "string", enum: protocols },
    },
    refresh: {
      ...duration(
        "How often the services are read again by reflection, or off. Default: off; a server that comes back is always read again.",
      ),
      $comment: "duration or off",
      pattern: `^off$|${duration("").pattern}`,
    },
    requireUpstreams: flag("Fails to start if the services of a server cannot be read, instead of trying again. Default: false."),
    timeouts: {
      type: "object",
      description: "Maximum duration of calls by method: pkg.Service.Method, pkg.Service.* or pkg.*. The longest selector wins.",
      propertyNames: { pattern: "^(?:\\*|[\\w.]+\\.(?:\\w+|\\*))$" },
      additionalProperties: {
        ...duration("A duration such as 500ms, 1s or 2m, or unlimited."),
        $comment: "duration or unlimited",
        pattern: `^unlimited$|${duration("").pattern}`,
      },
    },
    headers: object("The mapping of HTTP headers to metadata.", {
      forward: strings("Request headers to forward to the server as metadata, such as cookie or idempotency-key."),
      response: strings("Response metadata to send as headers under the same name, such as set-cookie, etag or location."),
      status: text("The response metadata that sets the HTTP status of a successful call, such as x-http-code."),
    }),
    cors: object("Cross-origin requests of browsers.", {
      origins: strings("Origins whose pages may read responses; * for all."),
      maxAge: durationOrZero("How long browsers may cache the answer to a preflight."),
    }),
    json: object("The JSON form of messages.", {
      fieldNames: {
        type: "string",
        description: "Field names in responses: lowerCamelCase (json), or as in the .proto (proto). Default: json.",
        enum: ["json", "proto"],
      },
      emitDefaults: flag("Includes fields that have their default value in responses. Default: false."),
      rejectUnknown: flag("Rejects unknown fields and query parameters instead of ignoring them. Default: false."),
    }),
    limits: object("Limits on requests, calls and connections.", { ...messageLimits, ...callLimits, ...connectionLimits }),
    grace: durationOrZero("Time that calls have to finish after SIGINT or SIGTERM. Default: 10s."),
    tls: {
      type: "object",
      description: "TLS to the clients. Default: plaintext.",
      additionalProperties: false,
      required: ["cert", "key"],
      properties: {
        cert: pem("The certificate of the gateway."),
        key: pem("The private key of cert."),
        clientCa: pem("Requires client certificates signed by this authority."),
      },
    },
    paths: object("The paths that the gateway serves itself. false disables one.", {
      health: path("The health check. Default: /healthz."),
      docs: path("The documentation page. Default: /docs."),
      openApi: path("The OpenAPI document. Default: /openapi.json."),
      console: path("The console. Default: /console."),
    }),
    console: {
      type: ["boolean", "object"],
      description:
        "A page that shows the services and calls their methods. It needs the package @grpc-study/console. Default: on, if that is installed and listen is a loopback address.",
      additionalProperties: false,
      properties: {
        readOnly: flag("Shows services and methods, without calling them. Default: false."),
        links: {
          type: "array",
          description: "Links in the header of the page. Default: none.",
          items: {
            type: "object",
            additionalProperties: false,
            required: ["title", "url"],
            properties: {
              title: text("The text of the link."),
              url: text("An http or https URL, or one that is relative to the page, such as ../../other/console/."),
            },
          },
        },
      },
    },
    docs: object("The documentation.", { title: text("The title of the OpenAPI document.") }),
    allowedHosts: strings(
      "Host names to serve, instead of the default; * for all. Default: on loopback localhost, 127.0.0.1, [::1] and the bound address, otherwise all.",
    ),
    trustProxy: strings("Proxies whose X-Forwarded-* headers to trust: addresses, or subnets such as 10.0.0.0/8."),
    logLevel: {
      type: "string",
      description: "The minimum level to log to stderr. Default: info.",
      enum: logLevels,
    },
  },
} as const;
