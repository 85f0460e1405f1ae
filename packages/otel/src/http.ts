// Spans and metrics of HTTP requests, by the stable semantic conventions for HTTP
// (https://opentelemetry.io/docs/specs/semconv/http/).
import { type Attributes, type Histogram, type Meter, type UpDownCounter, ValueType } from "@opentelemetry/api";
import { attribute, httpAttribute, metric, rpcSeconds } from "./names.ts";

/** What telemetry reads of a request. */
export interface HttpRequestInfo {
  readonly method: string;
  readonly path: string;
  readonly headers: { readonly [name: string]: string | undefined };
  readonly version: 1 | 2;
  readonly scheme: string;
  /** `host` or `host:port`. May be empty. */
  readonly host: string;
  readonly addresses: readonly string[];
}

/** The methods of RFC 9110 and PATCH. Others are `_OTHER`, so that clients cannot create values. */
const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]);

/** The attributes that metrics have, too. */
export function commonAttributes({ method, scheme }: HttpRequestInfo): Attributes {
  return { [httpAttribute.method]: methods.has(method) ? method : "_OTHER", [httpAttribute.scheme]: scheme };
}

export function spanAttributes(request: HttpRequestInfo): Attributes {
  const { method, path, headers, version, host, addresses } = request;
  const attributes: Attributes = {
    ...commonAttributes(request),
    [httpAttribute.path]: path,
    [httpAttribute.version]: version === 2 ? "2" : "1.1",
  };
  if (!methods.has(method)) attributes[httpAttribute.methodOriginal] = method.slice(0, 100);
  const { name, port } = /^(?<name>\[[^\]]*\]|[^:]*)(?::(?<port>\d+))?$/.exec(host)?.groups ?? {};
  if (name) attributes[attribute.serverAddress] = name.replace(/^\[|\]$/g, "");
  if (port) attributes[attribute.serverPort] = Number(port);
  const [client] = addresses;
  if (client) attributes[httpAttribute.client] = client;
  const agent = headers["user-agent"];
  if (agent !== undefined) attributes[httpAttribute.userAgent] = agent;
  return attributes;
}

/** The name of a span: the method, and the route once it is known. */
export function spanName({ method }: HttpRequestInfo, route: string | undefined): string {
  const known = methods.has(method) ? method : "HTTP";
  return route === undefined ? known : `${known} ${route}`;
}

/** The attributes of a response. A status of 500 or more is an error of the server. */
export function responseAttributes(status: number, route: string | undefined): Attributes {
  const attributes: Attributes = { [httpAttribute.status]: status };
  if (route !== undefined) attributes[httpAttribute.route] = route;
  if (status >= 500) attributes[attribute.errorType] = String(status);
  return attributes;
}

export class HttpInstruments {
  readonly #active: UpDownCounter;
  readonly #duration: Histogram;

  constructor(meter: Meter) {
    this.#active = meter.createUpDownCounter(metric.httpActive, {
      description: "Number of active HTTP server requests.",
      unit: "{request}",
      valueType: ValueType.INT,
    });
    this.#duration = meter.createHistogram(metric.httpDuration, {
      description: "Duration of HTTP server requests.",
      unit: "s",
      advice: { explicitBucketBoundaries: rpcSeconds },
    });
  }

  started(common: Attributes): void {
    this.#active.add(1, common);
  }

  ended(common: Attributes, seconds: number, response: Attributes): void {
    this.#active.add(-1, common);
    this.#duration.record(seconds, { ...common, ...response });
  }
}
