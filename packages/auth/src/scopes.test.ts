// Which calls the table of scopes lets through, and which tables are rejected.
import { OrderService, ProdService } from "@grpc-study/proto/shop";
import { createClient, createServer, implement, type ServerInterceptor } from "@grpc-study/rpc";
import { ErrorInfoSchema } from "@grpc-study/rpc/error-details";
import { Health } from "@grpc-study/rpc/health";
import { describe, expect, test, vi } from "vitest";
import { everyWay, failureOf, kinds, outcome, start, UserService, users } from "../test/service.ts";
import { anyone, apiKeys, authenticated, type Identity, identity, jwt, type Requirement, scopes } from "./index.ts";

/** Reads the caller from metadata, as if its credentials had been verified. */
const as: ServerInterceptor = (call, next) => {
  const subject = call.metadata.get("user");
  const scopes = call.metadata.get("scopes")?.split(" ") ?? [];
  if (subject !== undefined) call.values.set(identity, { subject, scopes, claims: {}, expiresAt: undefined });
  return next();
};
const nobody = {};
const caller = (scopes?: string) => ({ metadata: { user: "mei", ...(scopes !== undefined && { scopes }) } });

describe.each(everyWay)("$transport, $kind", ({ transport, kind }) => {
  test("a call with the scope continues, and one without it is PERMISSION_DENIED", async () => {
    const see = vi.fn();
    const { client } = await start([as, scopes([[UserService, "score:read"]])], { transport, see });
    const call = (options: object) => outcome(kinds[kind](client, options));
    expect(await call(caller("score:read more"))).toBe("OK");
    expect(see).toHaveBeenCalledTimes(1);
    expect(await call(caller("score:write"))).toMatch(
      /^PERMISSION_DENIED: \/services.UserService\/\w+ needs the scope score:read \(SCOPE_MISSING\)$/,
    );
    expect(await call(nobody)).toMatch(/^UNAUTHENTICATED: \/services.UserService\/\w+ needs credentials \(CREDENTIALS_MISSING\)$/);
    expect(see).toHaveBeenCalledTimes(1);
  });
});

describe("a requirement", () => {
  const denied = "PERMISSION_DENIED: ";
  const needsCredentials = "UNAUTHENTICATED: /services.UserService/GetUserScore needs credentials (CREDENTIALS_MISSING)";
  test.each<[string, Requirement, readonly (readonly [object, string])[]]>([
    [
      "one scope",
      "a",
      [
        [caller("a"), "OK"],
        [caller("b"), denied],
        [caller(), denied],
        [caller("aa"), denied],
        [nobody, needsCredentials],
      ],
    ],
    [
      "all of several scopes",
      ["a", "b"],
      [
        [caller("b c a"), "OK"],
        [caller("a"), denied],
        [nobody, needsCredentials],
      ],
    ],
    [
      "authenticated",
      authenticated,
      [
        [caller(), "OK"],
        [nobody, needsCredentials],
      ],
    ],
    [
      "anyone",
      anyone,
      [
        [caller(), "OK"],
        [nobody, "OK"],
      ],
    ],
    [
      "a condition",
      ({ subject, scopes }) => subject === "mei" && scopes.includes("a"),
      [
        [caller("a"), "OK"],
        [caller("b"), denied],
      ],
    ],
    [
      "an asynchronous condition",
      async ({ scopes }) => scopes.includes("a"),
      [
        [caller("a"), "OK"],
        [caller("b"), denied],
      ],
    ],
    [
      "a condition of the call",
      (_, { metadata }) => metadata.get("scopes") === "x",
      [
        [caller("x"), "OK"],
        [caller("b"), denied],
      ],
    ],
    ["a condition that returns something else", () => 1 as never, [[caller("a"), denied]]],
    ["a condition without a caller", () => true, [[nobody, needsCredentials]]],
  ])("%s", async (_, requirement, calls) => {
    const others = { getUserScoreByServerStream: anyone, getUserScoreByClientStream: anyone, getUserScoreByDoubleEndStream: anyone };
    const table = scopes([[UserService, { getUserScore: requirement, ...others }]]);
    const { client } = await start([as, table], { transport: "in process" });
    for (const [options, expected] of calls) {
      expect(await outcome(client.getUserScore({}, options))).toMatch(expected === denied ? new RegExp(`^${denied}`) : expected);
      expect(await outcome(Array.fromAsync(client.getUserScoreByServerStream({}, options)))).toBe("OK");
    }
  });

  test("the details name the scopes that the caller lacks", async () => {
    const { client } = await start([as, scopes([[UserService, ["a", "b", "c"]]])]);
    const error = await failureOf(client.getUserScore({}, caller("b")));
    expect(error.findDetails(ErrorInfoSchema)).toMatchObject([
      { reason: "SCOPE_MISSING", domain: "auth.grpc-study", metadata: { scopes: "a c" } },
    ]);
  });

  test("an error of a condition is INTERNAL, and the handler does not run", async () => {
    const [see, onError] = [vi.fn(), vi.fn()];
    const failing = () => {
      throw new Error("the database is down");
    };
    const { client } = await start([as, scopes([[UserService, failing]])], { see, options: { onError } });
    expect(await outcome(client.getUserScore({}, caller()))).toBe("INTERNAL: internal error");
    expect(onError).toHaveBeenCalledTimes(1);
    expect(see).not.toHaveBeenCalled();
  });
});

describe("services that the table omits", () => {
  test("cannot be added to the server", () => {
    const server = createServer({ interceptors: [scopes([[ProdService, "a"]])] });
    expect(() => server.add(users())).toThrow(
      "the table of scopes() lacks services.UserService: getUserScore, getUserScoreByServerStream, getUserScoreByClientStream, getUserScoreByDoubleEndStream",
    );
    server.add(implement(ProdService, {}));
  });

  test("cannot be implemented with it", () => {
    const server = createServer();
    expect(() => server.add(implement(UserService, {}, { interceptors: [scopes([[ProdService, "a"]])] }))).toThrow("services.UserService");
  });

  test("are refused if they are called all the same", () => {
    const table = scopes([[ProdService, "a"]]);
    const next = vi.fn();
    expect(() => table({ method: UserService.method.getUserScore, values: new Map() } as never, next)).toThrow(
      "/services.UserService/GetUserScore may not be called",
    );
    expect(next).not.toHaveBeenCalled();
  });

  test("are open if they are health and reflection, unless they have a row", async () => {
    const check = async (...interceptors: readonly ServerInterceptor[]) => {
      const { channel } = await start(interceptors, { options: { reflection: true } });
      return (await outcome(createClient(Health, channel).check({}))).split(":")[0];
    };
    expect(await check(scopes([[UserService, "a"]]))).toBe("OK");
    expect(
      await check(
        scopes([
          [UserService, "a"],
          [Health, authenticated],
        ]),
      ),
    ).toBe("UNAUTHENTICATED");
  });
});

describe("a table", () => {
  // The condition has types, and each method must be there: this code must compile, and what
  // follows an expected error must not.
  test("is typed by the descriptors", () => {
    scopes([
      [OrderService, { newOrder: ["a", "b"] }],
      [ProdService, { getProdStock: "a", getProdStocks: anyone, getProdInfo: ({ scopes }: Identity, { peer }) => scopes.includes(peer) }],
      [UserService, authenticated],
    ]);
    // @ts-expect-error: a method is missing
    expect(() => scopes([[ProdService, { getProdStock: "a", getProdInfo: "a" }]])).toThrow(
      "the requirement of services.ProdService.getProdStocks must be a scope, an array of scopes, a function, `authenticated` or `anyone`, got undefined",
    );
    // @ts-expect-error: there is no such method
    expect(() => scopes([[OrderService, { newOrder: "a", oldOrder: "a" }]])).toThrow('services.OrderService has no method "oldOrder"');
    // @ts-expect-error: a requirement has the wrong type
    expect(() => scopes([[OrderService, { newOrder: 5 }]])).toThrow("the requirement of services.OrderService.newOrder must be");
  });

  test.each<[unknown, string]>([
    [undefined, "the table of scopes() must be an array of rows [service, requirement], got undefined"],
    [[OrderService], "table[0][0] must be the descriptor of a service, got undefined"],
    [[["a", "b"]], "table[0][0] must be the descriptor of a service, got 'a'"],
    [[[OrderService]], "the requirement of services.OrderService.newOrder must be a scope"],
    [[[OrderService, []]], "the requirement of services.OrderService.newOrder must be a scope"],
    [[[OrderService, ""]], "the requirement of services.OrderService.newOrder must be a string that is not empty, got ''"],
    [[[OrderService, ["a", 5]]], "the requirement of services.OrderService.newOrder must be a string that is not empty, got 5"],
    [[[OrderService, "a b"]], 'must be an array, to name several scopes, got "a b"'],
    [[[OrderService, Symbol("anyone")]], "the requirement of services.OrderService.newOrder must be a scope"],
    [
      [
        [OrderService, "a"],
        [OrderService, "b"],
      ],
      "the table of scopes() has services.OrderService twice",
    ],
  ])("%j is rejected", (table, message) => {
    expect(() => scopes(table as never)).toThrow(message);
  });
});

describe("add() of a service with a method for anyone", () => {
  const secret = "a-secret-of-at-least-32-characters";
  const token = (options: object) => jwt({ issuer: "https://login.example", audience: "shop", secret, ...options });
  const keys = (options: object) => apiKeys({ find: () => undefined, ...options });
  const table = scopes([[ProdService, { getProdStock: "a", getProdStocks: "a", getProdInfo: anyone }]]);
  const add = (...interceptors: readonly ServerInterceptor[]) => createServer({ interceptors }).add(implement(ProdService, {}));

  test("throws if its callers do not reach the table", () => {
    const message =
      "the table of scopes() lets anyone call /services.ProdService/GetProdInfo, but an interceptor before it rejects calls without its bearer token: give that one optional: true, or except";
    expect(() => add(token({}), table)).toThrow(new TypeError(message));
    expect(() => add(token({ except: [ProdService.method.getProdStock] }), table)).toThrow(message);
    expect(() => add(token({ optional: true }), keys({}), table)).toThrow("without its API key");
  });

  test("throws nothing if they do", () => {
    add(token({ optional: true }), keys({ optional: true }), table);
    add(token({ except: [ProdService.method.getProdInfo] }), keys({ except: [ProdService] }), table);
    add(table, token({}));
  });
});
