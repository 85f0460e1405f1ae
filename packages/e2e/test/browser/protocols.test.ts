// CORS in a browser: preflights of every protocol, what a page may read, and what pages of other
// origins get.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Front, startFront } from "../gateway/clients/upstream.ts";
import { startBrowser } from "./chromium.ts";
import { servePages } from "./pages.ts";

const started = await startBrowser();
const stack = new AsyncDisposableStack();

let front: Front;
let allowed: Page;
let refused: Page;

interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A request frame of gRPC-Web or Connect in base64. */
const frame = (message: Buffer) => Buffer.concat([Buffer.of(0, 0, 0, 0, message.length), message]);
const nameOf = (name: string) => Buffer.concat([Buffer.of(0x0a, name.length), Buffer.from(name)]);

const sayHello = "/proto.Greeter/SayHello";

/** Requests of each protocol with a greeting of this name, and headers that need a preflight. */
const exchanges = {
  REST: (name) => ({
    method: "GET",
    path: `/v1/greetings/${name}`,
    headers: { authorization: "Bearer 1", "grpc-timeout": "10S", "grpc-metadata-colour": "red" },
  }),
  Connect: (name) => ({
    method: "POST",
    path: sayHello,
    headers: {
      "content-type": "application/json",
      "connect-protocol-version": "1",
      "connect-timeout-ms": "10000",
      authorization: "Bearer 1",
      "x-colour": "red",
    },
    body: JSON.stringify({ name }),
  }),
  "gRPC-Web": (name) => ({
    method: "POST",
    path: sayHello,
    headers: {
      "content-type": "application/grpc-web-text",
      "x-grpc-web": "1",
      "x-user-agent": "grpc-web-javascript/0.1",
      "grpc-timeout": "10S",
      authorization: "Bearer 1",
      "x-colour": "red",
    },
    body: frame(nameOf(name)).toString("base64"),
  }),
} satisfies Readonly<Record<string, (name: string) => Exchange>>;

/** Decodes the parts of a body in base64. */
const framesOf = (body = "") => (body.match(/[^=]+=*/g) ?? []).map((base64) => Buffer.from(base64, "base64").toString("latin1")).join("");

/** Makes a request in a page. Returns the status and all headers that the page may read. */
const ask = (page: Page, { method, path, headers, body }: Exchange) =>
  page.evaluate(
    async ({ url, init }) => {
      const response = await fetch(url, init).catch((error: Error) => error);
      if (response instanceof Error) return { failed: response.name };
      return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
    },
    { url: front.url + path, init: { method, headers: { ...headers }, ...(body !== undefined && { body }) } },
  );

describe.skipIf(started.missing)(started.missing ?? "in Chromium", () => {
  beforeAll(async () => {
    if (started.browser === undefined) return;
    const browser: Browser = started.browser;
    stack.defer(() => browser.close());
    const pages = stack.use(await servePages());
    const others = stack.use(await servePages());
    front = stack.use(await startFront({ origins: [pages.origin] }));
    [allowed, refused] = await Promise.all([browser.newPage(), browser.newPage()]);
    await Promise.all([allowed.goto(pages.origin), refused.goto(others.origin)]);
  });
  afterAll(() => stack.disposeAsync());

  const id = { "x-request-id": expect.stringMatching(/./) };

  test("a page reads the metadata of a REST response", async () => {
    const answer = await ask(allowed, exchanges.REST("rest"));
    expect(answer).toMatchObject({ status: 200, body: '{"message":"Hello rest"}' });
    expect(answer.headers).toMatchObject({ ...id, "grpc-metadata-x-greeter": "rest", "grpc-trailer-x-cost": "1" });
  });

  test("a page reads the metadata and the trailers of a Connect response", async () => {
    const answer = await ask(allowed, exchanges.Connect("connect"));
    expect(answer).toMatchObject({ status: 200, body: '{"message":"Hello connect"}' });
    expect(answer.headers).toMatchObject({
      ...id,
      "x-greeter": "connect",
      "x-greeter-bin": "AP8",
      "trailer-x-cost": "1",
      "trailer-x-cost-bin": "Af4",
    });
  });

  test("a page makes a Connect call with GET, without a preflight", async () => {
    const path = "/connectrpc.conformance.v1.ConformanceService/IdempotentUnary";
    const session = await allowed.context().newCDPSession(allowed);
    await session.send("Network.enable");
    const sent: string[] = [];
    session.on("Network.requestWillBeSent", ({ request: { url, method } }) => {
      if (new URL(url).pathname === path) sent.push(method);
    });
    const ok = { status: 200, body: '{"payload":{"data":"AQ=="}}' };
    const query = "?connect=v1&encoding=json&message=%7B%7D";
    expect(await ask(allowed, { method: "GET", path: path + query, headers: {} })).toMatchObject(ok);
    const headers = { "content-type": "application/json", "connect-protocol-version": "1" };
    expect(await ask(allowed, { method: "POST", path, headers, body: "{}" })).toMatchObject(ok);
    expect(sent.toSorted()).toEqual(["GET", "OPTIONS", "POST"]);
  });

  test("a page reads the metadata of a gRPC-Web response", async () => {
    const answer = await ask(allowed, exchanges["gRPC-Web"]("web"));
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({ ...id, "x-greeter": "web", "x-greeter-bin": "AP8" });
    expect(framesOf(answer.body)).toMatch(/Hello web.*grpc-status: ?0\r\n/s);
  });

  test("a page reads the status and the trailers of a gRPC-Web call that fails", async () => {
    const answer = await ask(allowed, exchanges["gRPC-Web"]("fail"));
    expect(answer.status).toBe(200);
    const trailers = framesOf(answer.body);
    expect(trailers).toMatch(/grpc-status: ?5\r\n/m);
    expect(trailers).toMatch(/^grpc-message: ?%E6%B2%A1%E6%9C%89 100%25\r\n/m);
    expect(trailers).toMatch(/^x-cost: ?1\r\n/m);
    // Servers may send them as headers.
    expect(answer.headers?.["access-control-expose-headers"]).toContain("grpc-status, grpc-message, grpc-status-details-bin");
  });

  test("a page reads the error of a Connect call", async () => {
    const answer = await ask(allowed, exchanges.Connect("fail"));
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.body ?? "")).toMatchObject({
      code: "not_found",
      message: "没有 100%",
      details: [{ type: "google.rpc.BadRequest" }],
    });
    expect(answer.headers).toMatchObject({ "trailer-x-cost": "1" });
  });

  test.each(Object.entries(exchanges))("a page of another origin cannot use %s", async (protocol, exchange) => {
    const name = `refused-${protocol}`;
    expect(await ask(refused, exchange(name))).toEqual({ failed: "TypeError" });
    // The preflight fails, so the browser does not send the request.
    expect(front.seen.greeted).not.toContain(name);
  });

  test("a page of another origin cannot read a response without a preflight", async () => {
    const { method, path } = exchanges.REST("simple");
    expect(await ask(refused, { method, path, headers: {} })).toEqual({ failed: "TypeError" });
  });
});
