import { expect, test, vi } from "vitest";
import { connect, everyKind, failureOf, kindNames, kinds, start } from "../../test/harness.ts";
import { authenticate, Code, type Context, createContextKey, type PerRpcCredentials, RpcError, secretEquals } from "../index.ts";

const user = createContextKey<{ name: string }>("user");

const verify = ({ metadata }: Context) => {
  const [token] = metadata.get("token");
  if (token === undefined) throw new RpcError(Code.UNAUTHENTICATED, "no token");
  if (!secretEquals(String(token), "secret")) throw new RpcError(Code.UNAUTHENTICATED, "wrong token");
  return { name: "xiaoming" };
};

const withToken = (token: string, more: Partial<PerRpcCredentials> = {}): PerRpcCredentials => ({
  getRequestMetadata: () => ({ token }),
  requireTransportSecurity: false,
  ...more,
});

const whoAmI = everyKind(({ values }) => values.get(user)?.name ?? "nobody");

test.each(kindNames)("%s: the handler finds who the caller is", async (kind) => {
  const { address } = await start(whoAmI, { interceptors: [authenticate({ key: user, verify })] });
  const client = connect(address, { perRpcCredentials: withToken("secret") });
  expect(await kinds[kind](client, "")).toMatchObject([{ text: "xiaoming" }]);
});

test.each(kindNames.flatMap((kind) => [[kind, undefined, "no token"] as const, [kind, "wrong", "wrong token"] as const]))(
  "%s: with the token %j the call is UNAUTHENTICATED, and the handler does not run",
  async (kind, token, message) => {
    const body = vi.fn(() => "");
    const { address } = await start(everyKind(body), { interceptors: [authenticate({ key: user, verify })] });
    const client = connect(address, token === undefined ? {} : { perRpcCredentials: withToken(token) });
    expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.UNAUTHENTICATED, message });
    expect(body).not.toHaveBeenCalled();
  },
);

test("services that are excepted may be called by anybody", async () => {
  const { client } = await start(whoAmI, { interceptors: [authenticate({ key: user, verify, except: ["test.v1.TestService"] })] });
  expect(await client.unary({})).toMatchObject({ text: "nobody" });
});

test.each(kindNames)("%s: credentials that require transport security are not sent over plaintext", async (kind) => {
  const getRequestMetadata = vi.fn(() => ({ token: "secret" }));
  const body = vi.fn(() => "");
  const { address } = await start(everyKind(body));
  const client = connect(address, { perRpcCredentials: withToken("", { getRequestMetadata, requireTransportSecurity: true }) });
  expect(await failureOf(kinds[kind](client, ""))).toMatchObject({
    code: Code.UNAUTHENTICATED,
    message: `the credentials may go over TLS only, and the channel to ${address} is plaintext`,
  });
  expect(getRequestMetadata).not.toHaveBeenCalled();
  expect(body).not.toHaveBeenCalled();
});

test("credentials are asked for each call, with the service's URI, and may take their time", async () => {
  const uris: string[] = [];
  const { address } = await start(everyKind(({ metadata }) => String(metadata.get("token"))));
  let count = 0;
  const client = connect(address, {
    perRpcCredentials: withToken("", {
      async getRequestMetadata(uri) {
        uris.push(uri);
        await new Promise((resolve) => setTimeout(resolve, 5));
        return { token: `t${++count}` };
      },
    }),
  });
  expect(await client.unary({})).toMatchObject({ text: "t1" });
  expect(await client.unary({})).toMatchObject({ text: "t2" });
  expect(uris).toEqual([`https://${address}/test.v1.TestService`, `https://${address}/test.v1.TestService`]);
});

test("credentials that cannot be had are UNAUTHENTICATED, or what an RpcError says", async () => {
  const { address } = await start(whoAmI);
  const fail = (error: Error) =>
    connect(address, {
      perRpcCredentials: withToken("", {
        getRequestMetadata() {
          throw error;
        },
      }),
    }).unary({});
  expect(await failureOf(fail(new Error("secret server is down")))).toMatchObject({
    code: Code.UNAUTHENTICATED,
    message: "there are no credentials for this call",
  });
  expect(await failureOf(fail(new RpcError(Code.UNAVAILABLE, "later")))).toMatchObject({ code: Code.UNAVAILABLE, message: "later" });
});

test("a value that no interceptor has set is a fault of the server", async () => {
  const onError = vi.fn();
  const { client } = await start(
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
