// The examples of a document are valid requests: each one is sent to a gateway whose server
// validates all rules.
import type { DescService } from "@bufbuild/protobuf";
import { OrderService, ProdService, UserService } from "@grpc-study/proto/shop";
import { type Handlers, implement } from "@grpc-study/rpc";
import { validate } from "@grpc-study/rpc/validate";
import { expect, test } from "vitest";
import { startGateway } from "../../test/gateway.ts";
import { Examples } from "../../test/gen/examples_pb.js";
import { LibraryService } from "../../test/gen/library_pb.js";
import { Things } from "../../test/gen/things_pb.js";
import type { OpenApiDocument, Operation, Parameter } from "./document.ts";
import { samplePattern } from "./sample-pattern.ts";

/** Handlers that return empty responses. */
function emptyHandlers({ methods }: DescService): Record<string, unknown> {
  return Object.fromEntries(
    methods.map(({ localName, methodKind }) => {
      const drain = async (requests: unknown) => {
        if (methodKind !== "unary" && methodKind !== "server_streaming") for await (const _ of requests as AsyncIterable<unknown>);
      };
      const stream = async function* (requests: unknown): AsyncGenerator<object> {
        await drain(requests);
        yield* [];
      };
      return [
        localName,
        methodKind.endsWith("server_streaming") || methodKind === "bidi_streaming"
          ? stream
          : async (requests: unknown) => drain(requests).then(() => ({})),
      ];
    }),
  );
}

const methods = ["get", "put", "post", "delete", "patch"] as const;

function requestsOf(document: OpenApiDocument) {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation: Operation | undefined = item[method];
      if (operation === undefined) return [];
      const { parameters = [], requestBody } = operation;
      const text = (parameter: Parameter) => (typeof parameter.example === "object" ? "" : String(parameter.example ?? ""));
      const filled = path.replace(/\{([^}]*)\}/g, (_all, name: string) => {
        const parameter = parameters.find((one) => one.in === "path" && one.name === name);
        expect(parameter, `${method} ${path} ${name}`).toHaveProperty("example");
        return encodeURIComponent(text(parameter as Parameter));
      });
      const query = parameters.filter((one) => one.in === "query" && text(one) !== "").map((one) => [one.name, text(one)]);
      const [[type = "", media = {}] = []] = Object.entries(requestBody?.content ?? {});
      const body = type === "application/json" ? JSON.stringify(media.example) : (media.example as string | undefined);
      return { method, url: `${filled}?${new URLSearchParams(query as [string, string][])}`, type, body, path, parameters };
    }),
  );
}

test.each<[string, DescService, number]>([
  ["rules", Examples, 6],
  ["the library", LibraryService, 11],
  ["everything", Things, 30],
  ["products", ProdService, 1],
  ["orders", OrderService, 1],
  ["users", UserService, 1],
])("each example of %s succeeds", async (_what, service, minimum) => {
  const implementation = implement(service, emptyHandlers(service) as Handlers<DescService>);
  const { url } = await startGateway(implementation, { server: { interceptors: [validate()] }, unbound: true });
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as OpenApiDocument;
  const requests = requestsOf(document);
  expect(requests.length).toBeGreaterThanOrEqual(minimum);
  for (const { method, url: path, type, body } of requests) {
    if (type === "application/json") expect(body, `${method} ${path}`).toBeDefined();
    const headers = type === "" ? {} : { "content-type": type === "*/*" ? "text/plain" : type };
    const response = await fetch(url + path, { method: method.toUpperCase(), headers, ...(body === undefined ? {} : { body }) });
    const text = await response.text();
    expect([response.status, text], `${method} ${path} ${body}`).toEqual([200, expect.anything()]);
  }
});

test("an example has one field of a oneof, and no optional map entries or Any", async () => {
  const { url } = await startGateway(implement(Examples, emptyHandlers(Examples) as Handlers<typeof Examples>));
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as OpenApiDocument;
  const example = document.paths["/v1/customers/{customer.id}/orders"]?.post?.requestBody?.content["application/json"]?.example;
  expect(example).toMatchObject({
    lines: [
      { product: "text", count: 1 },
      { product: "text", count: 1 },
    ],
    card: { number: expect.stringMatching(/^[0-9]{16}$/), currency: "EUR" },
    stock: expect.any(Object),
    tags: ["aa", "bb", "cc"],
  });
  for (const name of ["voucher", "notes", "attachment", "extra", "freeLines", "unchecked", "soon"])
    expect(example).not.toHaveProperty(name);
});

test.each([
  "^[a-z]+$",
  "^(shelves/[a-z]+)?$",
  "^[A-Z]{2}-\\d{4,}(?:x|y)?$",
  "^[0-9]{16}$",
  "^\\+[1-9]\\d{1,14}$",
  "^(?:EUR|CHF)$",
  "^[^\\s/]+/[^\\s/]+$",
  "^projects/[a-z][a-z0-9-]{4,28}[a-z0-9]/topics/[A-Za-z][\\w.~+%-]{2,254}$",
  "a{0}b*c?",
  "^\\p{L}+$",
  "",
])("generates a text that matches %s", (pattern) => {
  expect(samplePattern(pattern)).toMatch(new RegExp(pattern, "u"));
});

test.each(["(?<=a)b{3}$^", "(a)\\1x", "[", "^(?!text).+$ and more"])("generates no wrong text for %s", (pattern) => {
  const text = samplePattern(pattern);
  if (text !== undefined) expect(text).toMatch(new RegExp(pattern, "u"));
});
