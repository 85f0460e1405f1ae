// Creates the OpenAPI 3.1 document of a gateway.
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { FileDescriptorSet } from "@bufbuild/protobuf/wkt";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import type { Binding } from "../http-rule/rule.ts";
import { Comments } from "./comments.ts";
import { httpMethods, type OpenApiDocument, type Operation, type PathItem, type Unlisted } from "./document.ts";
import { errorResponse, statusSchema } from "./errors.ts";
import { atOnce } from "./in-slices.ts";
import { operationOf } from "./operation.ts";
import { fieldName } from "./parameters.ts";
import { Paths } from "./paths.ts";
import { Schemas } from "./schemas.ts";
import { describe } from "./text.ts";

export type { OpenApiDocument } from "./document.ts";

/** The options of `openApi`. */
export interface OpenApiOptions {
  /**
   * The title of the API. Default: derived from the names of the services, or from their package.
   */
  readonly title?: string;
  /** The version of the API. Default: `"0"`. */
  readonly version?: string;
  /** The description of the API, in CommonMark. */
  readonly description?: string;
  /** The URLs of the gateway. Default: the document's host, with the plugin's prefix. */
  readonly servers?: readonly { readonly url: string; readonly description?: string }[];
  /**
   * The names of fields in JSON, paths and queries: `prodId` (`"json"`) or `prod_id` (`"proto"`).
   * Default: `"json"`.
   */
  readonly fieldNames?: "json" | "proto";
  /** Whether responses include fields with default values. Default: false. */
  readonly emitDefaults?: boolean;
  /**
   * The source of descriptions for descriptors without comments, such as generated ones. Create it
   * with `buf build --as-file-descriptor-set`, or with
   * `protoc --include_source_info --descriptor_set_out`.
   */
  readonly descriptors?: FileDescriptorSet;
}

/** Creates the OpenAPI document of all bindings. `JSON.stringify` serializes it. */
export function openApi(bindings: readonly Binding[], options: OpenApiOptions = {}): OpenApiDocument {
  return atOnce(openApiSteps(bindings, options));
}

/** Creates the document with a step for each binding. */
export function* openApiSteps(bindings: readonly Binding[], options: OpenApiOptions = {}): Generator<void, OpenApiDocument, void> {
  const { fieldNames = "json", emitDefaults = false, servers = [] } = options;
  const comments = new Comments(options.descriptors);
  const schemas = new Schemas(comments, fieldNames);
  const services = servicesOf(bindings);
  const serviceNames = shortNames(services);
  const nameOf = (service: DescService) => serviceNames.get(service) ?? service.typeName;
  const operationIds = new OperationIds(nameOf);
  const paths = new Paths();
  const unlisted: Unlisted[] = [];
  const items: Record<string, PathItem> = {};

  // Added first, so that a message that contains google.rpc.Status refers to this schema.
  const status = { $ref: "#/components/schemas/google.rpc.Status" };
  schemas.components["google.rpc.Status"] = statusSchema(schemas.ofMessage(AnySchema));

  for (const binding of bindings) {
    const { method, verb, body, template } = binding;
    const path = paths.of(binding, (variable) => fieldName(variable.path, schemas));
    const operationId = operationIds.next(method);
    const operation = operationOf(binding, { operationId, tag: nameOf(method.parent), path, schemas, comments, status });
    const item = items[path.text] ?? {};
    items[path.text] = item;
    const other = addOperation(item, verb, body !== undefined, operation);
    if (other !== undefined) {
      const reason = `OpenAPI cannot distinguish its path from the one of ${other.operationId}.`;
      unlisted.push({ reason, method: verb, path: template.text, operation });
    }
    yield;
  }

  return {
    openapi: "3.1.1",
    info: {
      title: options.title ?? titleOf(services),
      version: options.version ?? "0",
      ...describe(
        options.description,
        emitDefaults
          ? "Responses include all fields, except unset fields with explicit presence."
          : "Responses omit fields that have their default value: zero, false or empty.",
      ),
    },
    ...(servers.length > 0 ? { servers: servers.map((server) => ({ ...server })) } : {}),
    tags: services.map((service) => ({ name: nameOf(service), ...describe(comments.of(service)) })),
    paths: items,
    // The token is optional: the upstream decides which calls need one.
    security: [{}, { bearer: [] }],
    components: {
      schemas: sorted(schemas.components),
      responses: { Error: errorResponse(status) },
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "Forwarded to the server as the metadata `authorization`." },
      },
    },
    ...(unlisted.length > 0 ? { "x-unlisted": unlisted } : {}),
  };
}

/**
 * Adds an operation.
 *
 * @returns the existing operation if the path has one for the method.
 */
function addOperation(item: PathItem, verb: string, hasBody: boolean, operation: Operation): Operation | undefined {
  const name = verb === "*" ? (hasBody ? "POST" : "GET") : verb;
  const method = httpMethods.find((method) => method.toUpperCase() === name);
  const additional = item["x-additionalOperations"];
  const other = method === undefined ? additional?.[name] : item[method];
  if (other !== undefined) return other;
  if (method === undefined) item["x-additionalOperations"] = { ...additional, [name]: operation };
  else item[method] = operation;
  return undefined;
}

/** The services that have bindings. */
export function servicesOf(bindings: readonly Binding[]): DescService[] {
  return [...new Set(bindings.map(({ method }) => method.parent))];
}

/**
 * The default title: `Prod, Order and User API` for up to three services, or `shop.v1 API` with the
 * most common package.
 */
export function titleOf(services: readonly DescService[]): string {
  const names = services.map(({ name }) => name.replace(/(?<=.)Service$/, ""));
  if (names.length <= 3) return `${[...names.slice(0, -2), names.slice(-2).join(" and ")].join(", ")} API`.trim();
  // A server often has services of other packages, such as google.longrunning.
  const byPackage = [...Map.groupBy(services, ({ file }) => file.proto.package)];
  const [name] = byPackage.reduce((largest, one) => (one[1].length > largest[1].length ? one : largest));
  return name === "" ? "API" : `${name} API`;
}

/** The short name of each service, or its full name if another service has the same. */
function shortNames(services: readonly DescService[]): ReadonlyMap<DescService, string> {
  const isUnique = ({ name }: DescService) => services.filter((other) => other.name === name).length === 1;
  return new Map(services.map((service) => [service, isUnique(service) ? service.name : service.typeName]));
}

/** Generates `Service_Method`, and appends `_2`, `_3`, … for further bindings. */
class OperationIds {
  readonly #nameOf: (service: DescService) => string;
  readonly #used = new Set<string>();

  constructor(nameOf: (service: DescService) => string) {
    this.#nameOf = nameOf;
  }

  next({ name, parent }: DescMethod): string {
    const first = `${this.#nameOf(parent).replaceAll(".", "_")}_${name}`;
    let id = first;
    for (let index = 2; this.#used.has(id); index++) id = `${first}_${index}`;
    this.#used.add(id);
    return id;
  }
}

function sorted<Value>(record: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1)));
}
