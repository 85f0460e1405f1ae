import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test, vi } from "vitest";
import {
  BadExpressionService,
  BadTypeService,
  FailingService,
  FreeSchema,
  ItemSchema,
  OrderSchema,
  ReceiptSchema,
  type Size,
  ValidatedService,
} from "../../../test/gen/validated_pb.js";
import { failureOf, serveBy, type Transport, transports } from "../../../test/harness.ts";
import { watchServer } from "../../../test/watch.ts";
import { type Client, type ClientOptions, Code, createClient, createServer, implement, RpcError, type ServerOptions } from "../../index.ts";
import { BadRequestSchema } from "../../protocol/error-details.ts";
import { check, RuleError, validate, validateRequests } from "./index.ts";
import { hasRules } from "./rules-of.ts";

type Order = MessageInitShape<typeof OrderSchema>;

const good = { id: 1, number: "20210722", main: {} } satisfies Order;
/** Violates two rules. */
const bad = { id: -1, number: "", main: {} } satisfies Order;

const kinds = {
  unary: async (client: Client<typeof ValidatedService>, order: Order) => [await client.unary(order)],
  serverStream: (client: Client<typeof ValidatedService>, order: Order) => Array.fromAsync(client.serverStream(order)),
  clientStream: async (client: Client<typeof ValidatedService>, order: Order) => [await client.clientStream([good, order, good])],
  bidiStream: (client: Client<typeof ValidatedService>, order: Order) => Array.fromAsync(client.bidiStream([good, order, good])),
};

const kindNames = Object.keys(kinds) as (keyof typeof kinds)[];
const everyWay = transports.flatMap((transport) => kindNames.map((kind) => ({ transport, kind })));

// One of each: they compile the rules once.
const [validated, validatedRequests] = [validate(), validateRequests()];

/**
 * A server that responds with the negated number of requests, which violates the response's rule.
 */
async function start(transport: Transport, options: ServerOptions = {}, clientOptions: ClientOptions = {}) {
  const seen: number[] = [];
  const { server, channel } = await serveBy(transport, options);
  server.add(
    implement(ValidatedService, {
      unary: ({ id }) => ({ total: -seen.push(id) }),
      serverStream: ({ id }) => [{ total: -seen.push(id) }],
      async clientStream(requests) {
        for await (const { id } of requests) seen.push(id);
        return { total: -seen.length };
      },
      async *bidiStream(requests) {
        for await (const { id } of requests) yield { total: -seen.push(id) };
      },
    }),
  );
  return { client: createClient(ValidatedService, channel, clientOptions), seen };
}

/** The violations in the error of a call. */
async function violationsOf(call: Promise<unknown>) {
  const error = await failureOf(call);
  if (!(error instanceof RpcError)) throw error;
  const { fieldViolations } = error.findDetails(BadRequestSchema)[0] ?? { fieldViolations: [] };
  return { error, violations: fieldViolations.map(({ field, description }) => [field, description]) };
}

/** The violations of an order that is valid except for the given fields. */
const problems = (order: { [Name in keyof Order]: Order[Name] | undefined }) =>
  check(OrderSchema, { ...good, ...order } as Order).map(({ field, description }) => [field, description]);

test.each(everyWay)(
  "$transport, $kind: an invalid request is INVALID_ARGUMENT with all violations in one detail, and never reaches the handler",
  async ({ transport, kind }) => {
    const { client, seen } = await start(transport, { interceptors: [validated] });
    const { error, violations } = await violationsOf(kinds[kind](client, bad));
    expect(error).toMatchObject({
      code: Code.INVALID_ARGUMENT,
      message: 'id must be greater than 0, is -1; number must be at least 1 character, is ""',
    });
    expect(error.details).toHaveLength(1);
    expect(violations).toEqual([
      ["id", "must be greater than 0, is -1"],
      ["number", 'must be at least 1 character, is ""'],
    ]);
    expect(seen).toEqual(kind.startsWith("client") || kind === "bidiStream" ? [1] : []);
  },
);

test.each(everyWay)(
  "$transport, $kind: a valid request reaches the handler, and responses are not checked",
  async ({ transport, kind }) => {
    const { client, seen } = await start(transport, { interceptors: [validated] });
    const responses = await kinds[kind](client, good);
    expect(responses.at(-1)).toMatchObject({ total: -seen.length });
    expect(seen.every((id) => id === 1)).toBe(true);
  },
);

test.each(everyWay)("$transport, $kind: a client with validateRequests() sends no invalid request", async ({ transport, kind }) => {
  const onServer = vi.fn();
  const { client } = await start(
    transport,
    {
      interceptors: [watchServer((request) => void onServer("id" in request ? request.id : undefined))],
    },
    { interceptors: [validatedRequests] },
  );
  const { error, violations } = await violationsOf(kinds[kind](client, bad));
  expect(error.code).toBe(Code.INVALID_ARGUMENT);
  expect(violations.map(([field]) => field)).toEqual(["id", "number"]);
  expect(onServer).not.toHaveBeenCalledWith(-1);
  await kinds[kind](client, good);
  expect(onServer).toHaveBeenCalledWith(1);
});

test.each(transports)("%s: the call fails even if the handler catches the error while it reads requests", async (transport) => {
  const { server, channel } = await serveBy(transport, { interceptors: [validated] });
  server.add(
    implement(ValidatedService, {
      async clientStream(requests) {
        try {
          for await (const _ of requests);
        } catch {}
        return {};
      },
    }),
  );
  const client = createClient(ValidatedService, channel);
  expect(await failureOf(client.clientStream([bad]))).toMatchObject({ code: Code.INVALID_ARGUMENT });
});

test.each<[string, Parameters<typeof problems>[0], string[][]]>([
  ["a number out of range", { id: 0 }, [["id", "must be greater than 0, is 0"]]],
  [
    "a text that is too long, in shortened form",
    { number: "x".repeat(70) },
    [["number", `must be at most 64 characters, is "${"x".repeat(64)}…" (70 long)`]],
  ],
  [
    "an undefined value of an enum",
    { size: 9 as Size },
    [["size", "must be one of SIZE_UNSPECIFIED (0), SIZE_SMALL (1), SIZE_LARGE (2), is 9"]],
  ],
  ["an element of a list", { items: [{}, {}, {}, { count: -2 }] }, [["items[3].count", "must be greater than or equal to 0, is -2"]]],
  [
    "a list that is too long",
    { items: Array.from({ length: 1001 }, () => ({})) },
    [["items", "must contain no more than 1000 items, has 1001"]],
  ],
  ["a value of a map", { extras: { red: { count: -1 } } }, [['extras["red"].count', "must be greater than or equal to 0, is -1"]]],
  ["a key of a map", { extras: { purple: {} } }, [['extras["purple"]', 'its key must be at most 5 characters, is "purple"']]],
  ["a rule in CEL, of a message", { gift: { count: 11, weight: 10 } }, [["gift", "one item must not weigh more than 100 in all"]]],
  [
    "a field of a oneof",
    { payment: { case: "cents", value: 0n } },
    [["cents", "must be greater than or equal to 1 and less than or equal to 1000000, is 0"]],
  ],
  ["a pattern", { payment: { case: "card", value: "42" } }, [["card", 'does not match regex pattern `^[0-9]{16}$`, is "42"']]],
  ["a NaN", { discount: Number.NaN }, [["discount", "must be greater than or equal to 0 and less than 1, is NaN"]]],
  ["a duration", { wait: { nanos: 500_000_000 } }, [["wait", 'must be greater than or equal to 1s, is "0.500s"']]],
  ["a missing message", { main: undefined }, [["main", "is required"]]],
  ["bytes", { signature: new Uint8Array(4) }, [["signature", "must be at most 3 bytes, has 4 bytes"]]],
  ["a duplicate in a list", { labels: ["a", "a"] }, [["labels", "repeated value must contain unique items, has 2"]]],
  ["a text with line breaks", { labels: ["a\n\nb c d e"] }, [["labels[0]", 'must be at most 5 characters, is "a\\n\\nb c d e"']]],
  [
    "a message in one of the same type",
    { next: { ...good, next: { ...good, id: -7 } } },
    [["next.next.id", "must be greater than 0, is -7"]],
  ],
])("%s is named by field, rule and value", (_what, order, expected) => {
  expect(problems(order)).toEqual(expected);
});

test("the value of a field with debug_redact is omitted", () => {
  expect(problems({ password: "hunter2" })).toEqual([["password", "must be at least 8 characters"]]);
});

test("the rules of an optional field do not apply while it is not set", () => {
  expect(problems({})).toEqual([]);
});

test("check() accepts a message or an object with its fields", () => {
  expect(check(ItemSchema, create(ItemSchema, { count: -1 }))).toMatchObject([{ field: "count" }]);
  expect(check(FreeSchema, { text: "x" })).toEqual([]);
});

test.each(transports)("%s: the message is one line with up to three violations and the number of the others", async (transport) => {
  const { client } = await start(transport, { interceptors: [validated] });
  const items = Array.from({ length: 5 }, () => ({ count: -1 }));
  const { error, violations } = await violationsOf(client.unary({ ...bad, number: "a\nb".repeat(100), items }));
  expect(violations).toHaveLength(7);
  expect(error.message).toMatch(/^id must be .*; number must be .*; items\[0\]\.count must .*, is -1 \(and 4 more\)$/);
  expect(error.message.length).toBeLessThan(400);
});

test.each(transports)("%s: the message counts the violations that do not fit into a header", async (transport) => {
  const { client } = await start(transport, { interceptors: [validated] });
  const { error, violations } = await violationsOf(client.unary({ ...good, items: Array.from({ length: 1000 }, () => ({ count: -1 })) }));
  expect(error.code).toBe(Code.INVALID_ARGUMENT);
  expect(error.message).toMatch(/^items\[0\]\.count .* \(and 997 more\)$/);
  expect(violations.length).toBeGreaterThan(50);
  expect(violations.length).toBeLessThan(1000);
});

test("a long key of a map is shortened", () => {
  const [[field = "", description = ""] = []] = problems({ extras: { ["k".repeat(10_000)]: {} } });
  expect(field.length + description.length).toBeLessThan(250);
});

test("check() of a message with a million violations returns the first one quickly", () => {
  const items = new Array(1_000_000).fill(create(ItemSchema, { count: -1 }));
  const start = performance.now();
  expect(problems({ items })).toEqual([["items", "must contain no more than 1000 items, has 1000000"]]);
  expect(performance.now() - start).toBeLessThan(2000);
});

test.each([
  [BadExpressionService, /test\.v1\.BadExpression\.id.*bad\.expression/],
  [BadTypeService, /^message test\.v1\.BadType\.Inner: .*"string"/],
])("%s: add() and createClient() throw for a rule that cannot be compiled, and name the message and the rule", (service, message) => {
  const add = () => createServer({ interceptors: [validate()] }).add(implement(service, {}));
  expect(add).toThrow(RuleError);
  expect(add).toThrow(message);
  expect(() => createClient(service, "127.0.0.1:1", { interceptors: [validateRequests()] })).toThrow(message);
});

test.each(transports)(
  "%s: a rule that cannot be evaluated is INTERNAL without details for the caller, and onError receives it once",
  async (transport) => {
    const faults: unknown[] = [];
    const { server, channel } = await serveBy(transport, { interceptors: [validate()], onError: (error) => faults.push(error) });
    server.add(implement(FailingService, { call: () => ({}) }));
    const client = createClient(FailingService, channel);
    expect(await failureOf(client.call({ id: 0 }))).toMatchObject({ code: Code.INTERNAL, message: "internal error" });
    expect(faults).toMatchObject([{ name: "RuleError", message: expect.stringMatching(/test\.v1\.Failing.*divi/) }]);
    const careful = createClient(FailingService, channel, { interceptors: [validateRequests()] });
    expect(await failureOf(careful.call({ id: 0 }))).toMatchObject({
      code: Code.INTERNAL,
      message: expect.stringContaining("test.v1.Failing"),
    });
  },
);

test("hasRules() finds the rules of a message and of nested messages", () => {
  expect([FreeSchema, OrderSchema, ItemSchema, ReceiptSchema].map(hasRules)).toEqual([false, true, true, true]);
});
