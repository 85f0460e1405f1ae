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
import { bindingsOf, type HttpRuleInit } from "../http-rule/rule.ts";
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

test("the shop's product has its comments, its parameters and their rules", () => {
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

test("the shop's order must be there, with its rules", () => {
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

test("every operation has an id of its own", () => {
  const ids = Object.values(library.paths)
    .flatMap(operationsOf)
    .map(({ operationId }) => operationId.replace("LibraryService_", ""));
  expect(ids.join(" ")).toBe(
    "GetBook GetBook_2 UpdateBook ReplaceBook DeleteBook LockBook ListBooks CreateBook ArchiveBook GetFile PutFile WatchBooks ImportBooks Talk",
  );
});

test("a variable of several segments is written out", () => {
  const { parameters, ...operation } = at("/v1/shelves/{name_1}/books/{name_2}", "get");
  expect(operation["x-google-path-template"]).toBe("/v1/{name=shelves/*/books/*}");
  expect(parameters?.[1]).toEqual({
    name: "name_2",
    in: "path",
    required: true,
    description: "Its resource name.\n\nA part of the field `name`, which is `shelves/*/books/*`.",
    schema: { type: "string" },
    example: "text",
  });
});

test("paths that differ by names only are one, and a parameter says which field it is", () => {
  expect(at("/v1/books/{name}", "put").parameters).toEqual([
    { name: "name", in: "path", required: true, description: "The field `book.name`.", schema: { type: "string" }, example: "text" },
  ]);
});

test("the query has every field that is neither in the path nor in the body, if it can be text", () => {
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
      "Not all of what is nested is listed: `filter.not` can have fields below, in the same manner.",
      "Cannot be set in a query: `others`.",
    ].join("\n\n"),
  );
});

test("a body has what the path does not", () => {
  expect(Object.keys(bodyOf(at("/v1/books/{name}:archive", "post"))?.properties ?? {})).toEqual([]);
  const replaced = bodyOf(at("/v1/books/{name}", "put"))?.properties?.["book"];
  expect(Object.keys(replaced?.properties ?? {}).slice(0, 2)).toEqual(["title", "genre"]);
});

test("the field mask of a PATCH may be left out", () => {
  const [, mask] = at("/v1/books/{name}", "patch").parameters ?? [];
  expect([mask?.name, mask?.required, mask?.description]).toEqual([
    "updateMask",
    undefined,
    expect.stringContaining("If it is left out, what the body has is what is updated."),
  ]);
});

test("a response_body is the field alone", () => {
  expect(at("/v1/books", "get").responses["200"]).toMatchObject({
    content: { "application/json": { schema: { type: "array", items: { $ref: "#/components/schemas/library.v1.Book" } } } },
  });
});

test("a google.api.HttpBody is bytes of any type", () => {
  expect(at("/v1/files/{path}", "get").responses["200"]).toEqual({ description: "The body, as it is.", content: { "*/*": {} } });
  expect(at("/v1/files/{path}", "put").requestBody).toEqual({ description: "As it is.", content: { "*/*": {} } });
});

test("HTTP methods that OpenAPI does not have are in an extension", () => {
  expect(library.paths["/v1/books/{name}"]?.["x-additionalOperations"]?.["LOCK"]?.operationId).toBe("LibraryService_LockBook");
});

test("a deprecated method is a deprecated operation", () => {
  expect(at("/v1/books/{name}", "delete").deprecated).toBe(true);
});

test("a server stream is lines, events, or an array", () => {
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

test("a client stream is lines", () => {
  const operation = at("/v1/books:import", "post");
  expect(operation["x-grpc-streaming"]).toBe("client");
  expect(operation.requestBody).toEqual({
    description: "One JSON value a line.",
    content: {
      "application/x-ndjson": {
        schema: { type: "string", description: "One JSON value a line." },
        "x-itemSchema": { $ref: "#/components/schemas/library.v1.Book" },
        example: expect.stringMatching(/^\{"name":"text","title":"text",.*\}\n$/),
      },
    },
  });
});

test("a bidirectional stream is lines both ways, or a WebSocket", () => {
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

test("two operations with one path and method in OpenAPI are both told of", () => {
  const rules: HttpRuleInit[] = [
    { selector: "library.v1.LibraryService.GetBook", pattern: { case: "get", value: "/v1/{name}" } },
    { selector: "library.v1.LibraryService.DeleteBook", pattern: { case: "get", value: "/v1/{name=**}" } },
  ];
  const { getBook, deleteBook } = LibraryService.method;
  const document = openApi([getBook, deleteBook].flatMap((method) => bindingsOf(method, { rules })));
  expect(document.paths["/v1/{name}"]?.get?.operationId).toBe("LibraryService_GetBook");
  expect(document["x-unlisted"]).toEqual([
    {
      reason: "In OpenAPI, its path is the same as that of LibraryService_GetBook.",
      method: "GET",
      path: "/v1/{name=**}",
      operation: expect.objectContaining({ operationId: "LibraryService_DeleteBook" }),
    },
  ]);
});

test("any HTTP method is one of them, and says so", () => {
  const rules: HttpRuleInit[] = [
    { selector: "library.v1.LibraryService.GetBook", pattern: { case: "custom", value: { kind: "*", path: "/any" } } },
  ];
  const document = openApi(bindingsOf(LibraryService.method.getBook, { rules }));
  expect(document.paths["/any"]?.get?.description).toBe("Takes any HTTP method.");
});

test("literal text of a path is encoded, and wildcards without a variable have names", () => {
  const rules: HttpRuleInit[] = [{ selector: "library.v1.LibraryService.GetBook", pattern: { case: "get", value: "/a%20b/*/c/**:d" } }];
  const document = openApi(bindingsOf(LibraryService.method.getBook, { rules }));
  const [path, item] = Object.entries(document.paths)[0] ?? [];
  expect(path).toBe("/a%20b/{segment_1}/c/{segment_2}:d");
  expect(item?.get?.parameters?.[0]?.description).toBe("Any text: it is no field of the request.");
});

test("services of the same name go by their full names", () => {
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

test("title, version, description and servers are as told", () => {
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
    description: "A shop.\n\nResponses have all fields, but for those that tell unset from default, and are unset.",
  });
  expect(servers).toEqual([{ url: "https://shop.test" }]);
});

test("without a title, it is made of what is served", () => {
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

test("a token may be sent, and need not", () => {
  expect(shop.security).toEqual([{}, { bearer: [] }]);
  expect(shop.components.securitySchemes).toMatchObject({ bearer: { type: "http", scheme: "bearer" } });
});

function at(path: string, method: "get" | "put" | "post" | "delete" | "patch"): Operation {
  const operation = library.paths[path]?.[method];
  if (operation === undefined) throw new Error(`there is no ${method} ${path}`);
  return operation;
}

function operationsOf({ "x-additionalOperations": additional, ...item }: PathItem): Operation[] {
  return [...Object.values(item), ...Object.values(additional ?? {})];
}

function bodyOf({ requestBody }: Operation) {
  return requestBody?.content["application/json"]?.schema;
}

test("messages that all contain each other are listed as deep as there is room, and take no time", () => {
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
  const { parameters = [] } = openApi(methods.flatMap((method) => bindingsOf(method, { rules }))).paths["/v1/dense"]?.get ?? {};
  expect(parameters.slice(0, 3).map(({ name }) => name)).toEqual(["text", "to1.text", "to2.text"]);
  expect(parameters).toHaveLength(count);
});
