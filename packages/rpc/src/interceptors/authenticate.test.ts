// Authentication: the credentials that a client sends, and their check on the server.
import { expect, test, vi } from "vitest";
import { connect, everyKind, everyWay, failureOf, kinds, start, startBy, TestService, transports } from "../../test/harness.ts";
import { authenticate, Code, type Context, createContextKey, type PerRpcCredentials, RpcError, secretEquals } from "../index.ts";

const user = createContextKey<{ name: string }>("user");

const verify = ({ metadata }: Context) => {
  const token = metadata.get("token");
  if (token === undefined) throw new RpcError(Code.UNAUTHENTICATED, "no token");
  if (!secretEquals(token, "secret")) throw new RpcError(Code.UNAUTHENTICATED, "wrong token");
  return { name: "xiaoming" };
};

const withToken = (token: string, more: Partial<PerRpcCredentials> = {}): PerRpcCredentials => ({
  getRequestMetadata: () => ({ token }),
  requireTransportSecurity: false,
  ...more,
});

const whoAmI = everyKind(({ values }) => values.get(user)?.name ?? "nobody");
const authenticated = { interceptors: [authenticate({ key: user, verify })] };

test.each(everyWay)("$transport, $kind: the handler finds the identity of the caller", async ({ transport, kind }) => {
  const { client } = await startBy(transport, whoAmI, authenticated, {}, { perRpcCredentials: withToken("secret") });
  expect(await kinds[kind](client, "")).toMatchObject([{ text: "xiaoming" }]);
});

test.each(
  everyWay.flatMap((one) => [
    { ...one, token: undefined, message: "no token" },
    { ...one, token: "wrong", message: "wrong token" },
  ]),
)(
  "$transport, $kind: a call with the token $token is UNAUTHENTICATED, and the handler does not run",
  async ({ transport, kind, token, message }) => {
    const body = vi.fn(() => "");
    const perRpcCredentials = token === undefined ? undefined : withToken(token);
    const { client } = await startBy(transport, everyKind(body), authenticated, {}, { perRpcCredentials });
    expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.UNAUTHENTICATED, message });
    expect(body).not.toHaveBeenCalled();
  },
);

test.each(
  transports.flatMap((transport) =>
    ["test.v1.TestService", "/test.v1.TestService/Unary", TestService, TestService.method.unary].map((except) => ({ transport, except })),
  ),
)("$transport: services and methods in `except` need no authentication: $except", async ({ transport, except }) => {
  const interceptors = [authenticate({ key: user, verify, except: [except] })];
  const { client } = await startBy(transport, whoAmI, { interceptors });
  expect(await client.unary({})).toMatchObject({ text: "nobody" });
  const one = except === TestService.method.unary || except === "/test.v1.TestService/Unary";
  const other = client.clientStream([]).then(
    () => Code.OK,
    ({ code }: RpcError) => code,
  );
  expect(await other).toBe(one ? Code.UNAUTHENTICATED : Code.OK);
});

// Calls in process count as secure.
test.each(everyWay.filter(({ transport }) => transport !== "in process"))(
  "$transport, $kind: credentials that require transport security are not sent over plaintext",
  async ({ transport, kind }) => {
    const getRequestMetadata = vi.fn(() => ({ token: "secret" }));
    const body = vi.fn(() => "");
    const perRpcCredentials = withToken("", { getRequestMetadata, requireTransportSecurity: true });
    const { client, channel } = await startBy(transport, everyKind(body), {}, {}, { perRpcCredentials });
    expect(await failureOf(kinds[kind](client, ""))).toMatchObject({
      code: Code.UNAUTHENTICATED,
      message: `the credentials require TLS, and the channel to ${channel.target} is plaintext`,
    });
    expect(getRequestMetadata).not.toHaveBeenCalled();
    expect(body).not.toHaveBeenCalled();
  },
);

test.each(transports)("%s: getRequestMetadata() runs once for each call and may be asynchronous", async (transport) => {
  let count = 0;
  const perRpcCredentials = withToken("", {
    async getRequestMetadata() {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return { token: `t${++count}` };
    },
  });
  const echo = everyKind(({ metadata }) => String(metadata.get("token")));
  const { client } = await startBy(transport, echo, {}, {}, { perRpcCredentials });
  expect(await client.unary({})).toMatchObject({ text: "t1" });
  expect(await client.unary({})).toMatchObject({ text: "t2" });
});

test("getRequestMetadata() receives the service's URI", async () => {
  const uris: string[] = [];
  const { address } = await start(whoAmI);
  const client = connect(address, {
    perRpcCredentials: withToken("", {
      getRequestMetadata(uri) {
        uris.push(uri);
        return {};
      },
    }),
  });
  await client.unary({});
  await client.unary({});
  expect(uris).toEqual([`https://${address}/test.v1.TestService`, `https://${address}/test.v1.TestService`]);
});

test.each(transports)("%s: an error of getRequestMetadata() is UNAUTHENTICATED, unless it is an RpcError", async (transport) => {
  const fail = async (error: Error) => {
    const perRpcCredentials = withToken("", {
      getRequestMetadata() {
        throw error;
      },
    });
    const { client } = await startBy(transport, whoAmI, {}, {}, { perRpcCredentials });
    return failureOf(client.unary({}));
  };
  expect(await fail(new Error("secret server is down"))).toMatchObject({
    code: Code.UNAUTHENTICATED,
    message: "cannot get credentials for this call",
  });
  expect(await fail(new RpcError(Code.UNAVAILABLE, "later"))).toMatchObject({ code: Code.UNAVAILABLE, message: "later" });
});

test.each(transports)("%s: values.require() fails with INTERNAL if no interceptor has set the value", async (transport) => {
  const onError = vi.fn();
  const { client } = await startBy(
    transport,
    everyKind(({ values }) => values.require(user).name),
    { onError },
  );
  expect(await failureOf(client.unary({}))).toMatchObject({ code: Code.INTERNAL, message: "internal error" });
  expect(onError.mock.calls[0]?.[0]).toMatchObject({ message: 'no interceptor has set "user"' });
});

test.each([
  ["", "", true],
  ["123321123", "123321123", true],
  ["密码", "密码", true],
  ["123321123", "123321124", false],
  ["123321123", "1233211234", false],
  ["", "x", false],
])("secretEquals(%j, %j) is %j", (a, b, equal) => {
  expect(secretEquals(a, b)).toBe(equal);
});
