// An OpenAPI 3.1 document of what a gateway serves.
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { FileDescriptorSet } from "@bufbuild/protobuf/wkt";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import type { Binding } from "../http-rule/rule.ts";
import { Comments } from "./comments.ts";
import { httpMethods, type OpenApiDocument, type Operation, type PathItem, type Unlisted } from "./document.ts";
import { errorResponse, statusSchema } from "./errors.ts";
import { operationOf } from "./operation.ts";
import { fieldName } from "./parameters.ts";
import { Paths } from "./paths.ts";
import { Schemas } from "./schemas.ts";
import { describe } from "./text.ts";

export type { OpenApiDocument } from "./document.ts";

export interface OpenApiOptions {
  /** Default: made of the services' names, or of their package. */
  readonly title?: string;
  /** Default: `"0"`. */
  readonly version?: string;
  /** CommonMark. */
  readonly description?: string;
  /** Where the gateway is. Default: the document's own host, and the prefix of the plugin. */
  readonly servers?: readonly { readonly url: string; readonly description?: string }[];
  /** How fields are called in JSON, paths and queries: `prodId` or `prod_id`. Default: `"json"`, the former. */
  readonly fieldNames?: "json" | "proto";
  /** Whether responses have fields with default values. Default: false. */
  readonly emitDefaults?: boolean;
  /**
   * Has the comments that become descriptions, for descriptors without: those that protoc-gen-es generates. `buf build
   * --as-file-descriptor-set` or `protoc --include_source_info --descriptor_set_out` makes one.
   */
  readonly descriptors?: FileDescriptorSet;
}

/** A document of all that can be called with the bindings. JSON.stringify makes it a file. */
export function openApi(bindings: readonly Binding[], options: OpenApiOptions = {}): OpenApiDocument {
  const { fieldNames = "json", emitDefaults = false, servers = [] } = options;
  const comments = new Comments(options.descriptors);
  const schemas = new Schemas(comments, fieldNames);
  const services = [...new Set(bindings.map(({ method }) => method.parent))];
  const serviceNames = shortNames(services);
  const nameOf = (service: DescService) => serviceNames.get(service) ?? service.typeName;
  const operationIds = new OperationIds(nameOf);
  const paths = new Paths();
  const unlisted: Unlisted[] = [];
  const items: Record<string, PathItem> = {};

  // It is there in any case, so that it is what google.rpc.Status is in a message, too.
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
      const reason = `In OpenAPI, its path is the same as that of ${other.operationId}.`;
      unlisted.push({ reason, method: verb, path: template.text, operation });
    }
  }

  return {
    openapi: "3.1.1",
    info: {
      title: options.title ?? titleOf(services),
      version: options.version ?? "0",
      ...describe(
        options.description,
        emitDefaults
          ? "Responses have all fields, but for those that tell unset from default, and are unset."
          : "A field that is not in a response has its default value: zero, false, or empty.",
      ),
    },
    ...(servers.length > 0 ? { servers: servers.map((server) => ({ ...server })) } : {}),
    tags: services.map((service) => ({ name: nameOf(service), ...describe(comments.of(service)) })),
    paths: items,
    // Either will do for the gateway: the upstream knows which calls need a token.
    security: [{}, { bearer: [] }],
    components: {
      schemas: sorted(schemas.components),
      responses: { Error: errorResponse(status) },
      securitySchemes: { bearer: { type: "http", scheme: "bearer", description: "Goes to the server as the metadata `authorization`." } },
    },
    ...(unlisted.length > 0 ? { "x-unlisted": unlisted } : {}),
  };
}

/** @returns the operation that is there already, if there is one. */
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

/** The title of a document of some services: `Prod, Order and User API`; of many, the package that most are of: `shop.v1 API`. */
export function titleOf(services: readonly DescService[]): string {
  const names = services.map(({ name }) => name.replace(/(?<=.)Service$/, ""));
  if (names.length <= 3) return `${[...names.slice(0, -2), names.slice(-2).join(" and ")].join(", ")} API`.trim();
  // An API's server often has services of other packages, too, such as google.longrunning.
  const byPackage = [...Map.groupBy(services, ({ file }) => file.proto.package)];
  const [name] = byPackage.reduce((most, one) => (one[1].length > most[1].length ? one : most));
  return name === "" ? "API" : `${name} API`;
}

/** The name of each service; its full name if others have the same. */
function shortNames(services: readonly DescService[]): ReadonlyMap<DescService, string> {
  const isUnique = ({ name }: DescService) => services.filter((other) => other.name === name).length === 1;
  return new Map(services.map((service) => [service, isUnique(service) ? service.name : service.typeName]));
}

/** `Service_Method`, and `_2`, `_3`, … for further bindings. */
class OperationIds {
  readonly #nameOf: (service: DescService) => string;
  readonly #taken = new Set<string>();

  constructor(nameOf: (service: DescService) => string) {
    this.#nameOf = nameOf;
  }

  next({ name, parent }: DescMethod): string {
    const first = `${this.#nameOf(parent).replaceAll(".", "_")}_${name}`;
    let id = first;
    for (let index = 2; this.#taken.has(id); index++) id = `${first}_${index}`;
    this.#taken.add(id);
    return id;
  }
}

function sorted<Value>(record: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1)));
}
