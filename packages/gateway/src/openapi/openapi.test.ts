import { readFileSync } from "node:fs";
import { create, createFileRegistry, type DescService, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { OrderService, ProdService, UserService } from "@grpc-study/proto/shop";
import { shopDescriptors } from "@grpc-study/proto/shop-descriptors";
import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import { LibraryService } from "../../test/gen/library_pb.js";
import { readDescriptors } from "../descriptors.ts";
import { bindingsOf, type HttpRuleInit, rulesBySelector } from "../http-rule/rule.ts";
import type { Operation, PathItem } from "./document.ts";
import { type OpenApiOptions, openApi, titleOf } from "./index.ts";

const descriptors = fromBinary(FileDescriptorSetSchema, readFileSync(new URL("../../test/gen/library.binpb", import.meta.url)));
const library = openApi(
  LibraryService.methods.flatMap((method) => bindingsOf(method)),
  { descriptors },
);
const shopOf = (options: OpenApiOptions) =>
  openApi(
    [ProdService, OrderService, UserService].flatMap(({ methods }) => methods).flatMap((method) => bindingsOf(method, { unbound: true })),
    options,
  );
const shop = shopOf({ fieldNames: "proto", descriptors: shopDescriptors() });

test.each([
  ["the library", library],
  ["the shop", shop],
])("the document of %s is valid OpenAPI 3.1", async (_what, document) => {
  expect(await new Validator().validate({ ...document })).toEqual({ valid: true });
});

test("an operation has its comments, its parameters and their rules", () => {
  expect(shop.paths["/v1/prod/{prod_id}"]?.get).toEqual({
    operationId: "ProdService_GetProdStock",
    tags: ["ProdService"],
    summary: "Returns the stock of a product in one area",
    description: "Returns the stock of a product in one area.",
    parameters: [
      { name: "prod_id", in: "path", required: true, schema: { type: "integer", format: "int32", exclusiveMinimum: 0 }, example: 1 },
      { name: "prod_area", in: "query", schema: { $ref: "#/components/schemas/services.ProdAreas", enum: ["A", "B", "C"] } },
    ],
    responses: {
      "200": {
        description: "OK",
        content: { "application/json": { schema: { $ref: "#/components/schemas/services.ProdResponse" } } },
      },
      default: { $ref: "#/components/responses/Error" },
    },
    "x-grpc-method": "services.ProdService/GetProdStock",
  });
  expect(shop.tags[0]).toEqual({ name: "ProdService", description: "Products and their stock." });
  expect(shop.components.schemas["services.ProdAreas"]).toEqual({
    description: "The area where the stock is held.",
    anyOf: [
      { type: "string", enum: ["A", "B", "C"] },
      { type: "integer", format: "int32" },
    ],
  });
});

test("a request body with required fields is required", () => {
  expect(shop.paths["/v1/orders"]?.post?.requestBody).toEqual({
    required: true,
    content: {
      "application/json": {
        schema: { $ref: "#/components/schemas/services.OrderMain" },
        example: { order_id: 1, order_money: 1, order_no: "text", order_time: "2024-01-01T00:00:00Z", user_id: 1 },
      },
    },
  });
  expect(shop.components.schemas["services.OrderMain"]).toMatchObject({
    description: "An order.",
    properties: { order_id: { exclusiveMinimum: 0 }, order_no: { minLength: 1, maxLength: 64 } },
    required: ["order_id", "order_no", "user_id"],
  });
});

test("every operation has a unique id", () => {
  const ids = Object.values(library.paths)
    .flatMap(operationsOf)
    .map(({ operationId }) => operationId.replace("LibraryService_", ""));
  expect(ids.join(" ")).toBe(
    "GetBook GetBook_2 UpdateBook ReplaceBook DeleteBook LockBook ListBooks CreateBook ArchiveBook GetFile PutFile WatchBooks ImportBooks Talk",
  );
});

test("a variable with several segments is expanded", () => {
  const { parameters, ...operation } = at("/v1/shelves/{name_1}/books/{name_2}", "get");
  expect(operation["x-google-path-template"]).toBe("/v1/{name=shelves/*/books/*}");
  expect(parameters?.[1]).toEqual({
    name: "name_2",
    in: "path",
    required: true,
    description: "Its resource name.\n\nPart of the field `name`, whose value is `shelves/*/books/*`.",
    schema: { type: "string" },
    example: "text",
  });
});

test("paths that differ only in names are merged, and the parameter names its field", () => {
  expect(at("/v1/books/{name}", "put").parameters).toEqual([
    { name: "name", in: "path", required: true, description: "The field `book.name`.", schema: { type: "string" }, example: "text" },
  ]);
});

test("the query has every field outside the path and the body that text can express", () => {
  const { parameters, description } = at("/v1/books", "get");
  expect(parameters?.map(({ name, schema, description: _, ...parameter }) => [name, parameter, schema])).toEqual([
    ["words", { in: "query", style: "form", explode: true }, { type: "array", items: { type: "string" }, maxItems: 10 }],
    ["genres", { in: "query", style: "form", explode: true }, { type: "array", items: { $ref: "#/components/schemas/library.v1.Genre" } }],
    ["filter.since", { in: "query" }, { type: "string", format: "date-time" }],
    ["filter.maxAge", { in: "query" }, { type: "string", pattern: "^-?[0-9]+(\\.[0-9]{1,9})?s$" }],
    ["filter.mask", { in: "query" }, { type: "string", pattern: "^([A-Za-z0-9_.]+(,[A-Za-z0-9_.]+)*)?$" }],
    ["filter.minPrice", { in: "query", deprecated: true }, expect.anything()],
    ["pageSize", { in: "query" }, { type: "integer", format: "int32", maximum: 100 }],
    [
      "labels",
      { in: "query", style: "deepObject", explode: true, example: {} },
      { type: "object", additionalProperties: { type: "string" } },
    ],
    ["pageToken", { in: "query" }, { type: "string", contentEncoding: "base64" }],
    ["offset", { in: "query" }, { type: "string", format: "uint64", pattern: "^[0-9]+$" }],
    ["extra", { in: "query" }, { type: "string", contentMediaType: "application/json" }],
  ]);
  expect(description).toBe(
    [
      "All books that match.",
      "Nested fields of `filter.not` are not listed. They can be set in the same way.",
      "These fields cannot be set in a query: `others`.",
    ].join("\n\n"),
  );
});

test("the body omits fields that the path sets", () => {
  expect(Object.keys(bodyOf(at("/v1/books/{name}:archive", "post"))?.properties ?? {})).toEqual([]);
  const replaced = bodyOf(at("/v1/books/{name}", "put"))?.properties?.["book"];
  expect(Object.keys(replaced?.properties ?? {}).slice(0, 2)).toEqual(["title", "genre"]);
});

test("the field mask of a PATCH is optional", () => {
  const [, mask] = at("/v1/books/{name}", "patch").parameters ?? [];
  expect([mask?.name, mask?.required, mask?.description]).toEqual([
    "updateMask",
    undefined,
    expect.stringContaining("Default: the fields in the body."),
  ]);
});

test("a response_body is the schema of the field", () => {
  expect(at("/v1/books", "get").responses["200"]).toMatchObject({
    content: { "application/json": { schema: { type: "array", items: { $ref: "#/components/schemas/library.v1.Book" } } } },
  });
});

test("a google.api.HttpBody is bytes of any type", () => {
  expect(at("/v1/files/{path}", "get").responses["200"]).toEqual({ description: "Raw bytes.", content: { "*/*": {} } });
  expect(at("/v1/files/{path}", "put").requestBody).toEqual({ description: "Raw bytes.", content: { "*/*": {} } });
});

test("HTTP methods that OpenAPI does not support are in an extension", () => {
  expect(library.paths["/v1/books/{name}"]?.["x-additionalOperations"]?.["LOCK"]?.operationId).toBe("LibraryService_LockBook");
});

test("a deprecated method is a deprecated operation", () => {
  expect(at("/v1/books/{name}", "delete").deprecated).toBe(true);
});

test("a server stream has lines, events or an array", () => {
  const operation = at("/v1/books:watch", "get");
  expect(operation["x-grpc-streaming"]).toBe("server");
  const schema = { $ref: "#/components/schemas/library.v1.Book" };
  expect(operation.responses["200"]).toMatchObject({
    content: {
      "application/x-ndjson": { schema: { type: "string" }, "x-itemSchema": { properties: { result: schema } } },
      "text/event-stream": { schema: { type: "string" }, "x-itemSchema": { contentMediaType: "application/json", contentSchema: schema } },
      "application/json": { schema: { type: "array", items: schema } },
    },
  });
});

test("a client stream has lines", () => {
  const operation = at("/v1/books:import", "post");
  expect(operation["x-grpc-streaming"]).toBe("client");
  expect(operation.requestBody).toEqual({
    description: "One JSON value per line.",
    content: {
      "application/x-ndjson": {
        schema: { type: "string", description: "One JSON value per line." },
        "x-itemSchema": { $ref: "#/components/schemas/library.v1.Book" },
        example: expect.stringMatching(/^\{"name":"text","title":"text",.*\}\n$/),
      },
    },
  });
});

test("a bidirectional stream has lines in both directions, or a WebSocket", () => {
  const operation = at("/v1/talk", "post");
  const schema = { $ref: "#/components/schemas/library.v1.Book" };
  expect([operation["x-grpc-streaming"], operation["x-websocket"]]).toEqual(["bidi", { request: schema, response: schema }]);
  expect(Object.keys(operation.requestBody?.content ?? {})).toEqual(["application/x-ndjson"]);
});

test("an error is a google.rpc.Status", () => {
  expect(library.components.responses["Error"]?.content).toEqual({
    "application/json": { schema: { $ref: "#/components/schemas/google.rpc.Status" } },
  });
  expect(library.components.responses["Error"]?.description).toContain("- 409: ALREADY_EXISTS, ABORTED\n");
  expect(Object.keys(library.components.schemas["google.rpc.Status"]?.properties ?? {})).toEqual(["code", "message", "details"]);
});

test("an operation that OpenAPI cannot distinguish from another one is listed in an extension", () => {
  const rules: HttpRuleInit[] = [
    { selector: "library.v1.LibraryService.GetBook", pattern: { case: "get", value: "/v1/{name}" } },
    { selector: "library.v1.LibraryService.DeleteBook", pattern: { case: "get", value: "/v1/{name=**}" } },
  ];
  const { getBook, deleteBook } = LibraryService.method;
  const document = openApi([getBook, deleteBook].flatMap((method) => bindingsOf(method, { rules: rulesBySelector(rules) })));
  expect(document.paths["/v1/{name}"]?.get?.operationId).toBe("LibraryService_GetBook");
  expect(document["x-unlisted"]).toEqual([
    {
      reason: "OpenAPI cannot distinguish its path from the one of LibraryService_GetBook.",
      method: "GET",
      path: "/v1/{name=**}",
      operation: expect.objectContaining({ operationId: "LibraryService_DeleteBook" }),
    },
  ]);
});

test("a rule for any HTTP method is listed as GET, with a note", () => {
  const rules: HttpRuleInit[] = [
    { selector: "library.v1.LibraryService.GetBook", pattern: { case: "custom", value: { kind: "*", path: "/any" } } },
  ];
  const document = openApi(bindingsOf(LibraryService.method.getBook, { rules: rulesBySelector(rules) }));
  expect(document.paths["/any"]?.get?.description).toBe("Accepts any HTTP method.");
});

test("encodes literal text, and names wildcards without a variable", () => {
  const rules: HttpRuleInit[] = [{ selector: "library.v1.LibraryService.GetBook", pattern: { case: "get", value: "/a%20b/*/c/**:d" } }];
  const document = openApi(bindingsOf(LibraryService.method.getBook, { rules: rulesBySelector(rules) }));
  const [path, item] = Object.entries(document.paths)[0] ?? [];
  expect(path).toBe("/a%20b/{segment_1}/c/{segment_2}:d");
  expect(item?.get?.parameters?.[0]?.description).toBe("Any text. It does not set a field of the request.");
});

test("services with the same name are tagged with their full names", () => {
  const serviceOf = (name: string) => {
    const service = [{ name: "Service", method: [{ name: "Call", inputType: `.${name}.Message`, outputType: `.${name}.Message` }] }];
    const proto = create(FileDescriptorProtoSchema, {
      name: `${name}.proto`,
      package: name,
      syntax: "proto3",
      messageType: [{ name: "Message" }],
      service,
    });
    return createFileRegistry(proto, () => undefined).getService(`${name}.Service`)?.methods ?? [];
  };
  const document = openApi([...serviceOf("a"), ...serviceOf("b")].flatMap((method) => bindingsOf(method, { unbound: true })));
  expect(document.tags).toEqual([{ name: "a.Service" }, { name: "b.Service" }]);
  expect(document.paths["/b.Service/Call"]?.post?.operationId).toBe("b_Service_Call");
});

test("title, version, description and servers come from the options", () => {
  const { info, servers } = shopOf({
    title: "Shop",
    version: "1",
    description: "A shop.",
    servers: [{ url: "https://shop.test" }],
    emitDefaults: true,
  });
  expect(info).toEqual({
    title: "Shop",
    version: "1",
    description: "A shop.\n\nResponses include all fields, except unset fields with explicit presence.",
  });
  expect(servers).toEqual([{ url: "https://shop.test" }]);
});

test("the default title is derived from the services", () => {
  const title = (services: readonly DescService[]) => titleOf(services);
  const served = (name: string, file = "a.b.v1") => ({ name, file: { proto: { package: file } } }) as DescService;
  expect(shopOf({}).info.title).toBe("Prod, Order and User API");
  expect([title([served("LibraryService")]), title([served("Service")]), title([served("A"), served("BService")])]).toEqual([
    "Library API",
    "Service API",
    "A and B API",
  ]);
  expect(title(["A", "B", "C", "D"].map((name) => served(name)))).toBe("a.b.v1 API");
  expect(title([served("D", "google.longrunning"), served("A"), served("B"), served("C")])).toBe("a.b.v1 API");
  expect(title(["A", "B", "C", "D"].map((name) => served(name, "")))).toBe("API");
});

test("a bearer token is optional", () => {
  expect(shop.security).toEqual([{}, { bearer: [] }]);
  expect(shop.components.securitySchemes).toMatchObject({ bearer: { type: "http", scheme: "bearer" } });
});

function at(path: string, method: "get" | "put" | "post" | "delete" | "patch"): Operation {
  const operation = library.paths[path]?.[method];
  if (operation === undefined) throw new Error(`no operation ${method} ${path}`);
  return operation;
}

function operationsOf({ "x-additionalOperations": additional, ...item }: PathItem): Operation[] {
  return [...Object.values(item), ...Object.values(additional ?? {})];
}

function bodyOf({ requestBody }: Operation) {
  return requestBody?.content["application/json"]?.schema;
}

test("mutually recursive messages are listed up to the limit, without delay", () => {
  const count = 12;
  const type = (index: number) => `M${index % count}`;
  const file = create(FileDescriptorProtoSchema, {
    name: "dense.proto",
    syntax: "proto3",
    messageType: Array.from({ length: count }, (_, index) => ({
      name: type(index),
      field: [
        { name: "text", number: 1, type: FieldDescriptorProto_Type.STRING, label: FieldDescriptorProto_Label.OPTIONAL },
        ...Array.from({ length: count }, (_, other) => ({
          name: `to_${other}`,
          number: other + 2,
          type: FieldDescriptorProto_Type.MESSAGE,
          label: FieldDescriptorProto_Label.OPTIONAL,
          typeName: `.${type(other)}`,
        })),
      ],
    })),
    service: [{ name: "Dense", method: [{ name: "Get", inputType: ".M0", outputType: ".M1" }] }],
  });
  const { services } = readDescriptors(toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: [file] })));
  const methods = services.flatMap((service) => service.methods);
  const rules = [{ selector: "Dense.Get", pattern: { case: "get" as const, value: "/v1/dense" } }];
  const { parameters = [] } =
    openApi(methods.flatMap((method) => bindingsOf(method, { rules: rulesBySelector(rules) }))).paths["/v1/dense"]?.get ?? {};
  expect(parameters.slice(0, 3).map(({ name }) => name)).toEqual(["text", "to1.text", "to2.text"]);
  expect(parameters).toHaveLength(count);
});
