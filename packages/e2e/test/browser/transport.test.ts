// HTTP/2 over TLS, compression and a strict Content-Security-Policy, in a browser.
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Front, startFront } from "../gateway/clients/upstream.ts";
import { webClients } from "../gateway/clients/web.ts";
import { Folder, writeSet } from "../security/certificates.ts";
import { startBrowser } from "./chromium.ts";
import { callInPage, type Pages, servePages } from "./pages.ts";

const started = await startBrowser();
const stack = new AsyncDisposableStack();

let context: BrowserContext;
let pages: Pages;
let secure: Front;
let plain: Front;

const greeting = (client: string, url: string, name: string) => ({
  client,
  url,
  topic: "helloworld",
  method: "proto.Greeter/SayHello",
  requests: [{ name }],
});
const greeted = (name: string) => ({ responses: [{ message: `Hello ${name}` }], code: 0, message: "" });

describe.skipIf(started.missing)(started.missing ?? "in Chromium", () => {
  beforeAll(async () => {
    if (started.browser === undefined) return;
    const browser: Browser = started.browser;
    stack.defer(() => browser.close());
    pages = stack.use(await servePages());
    const folder = stack.use(await Folder.make());
    await writeSet(folder);
    const tls = { cert: folder.file("server.pem"), key: folder.file("server.key") };
    secure = stack.use(await startFront({ origins: [pages.origin], tls }));
    plain = stack.use(await startFront({ origins: [pages.origin] }));
    context = await browser.newContext({ ignoreHTTPSErrors: true });
  });
  afterAll(() => stack.disposeAsync());

  const openPage = async (url = pages.origin) => {
    const page = await context.newPage();
    await page.goto(url);
    return page;
  };

  /** Waits for the first response for a path: its protocol and encoding, as the network saw them. */
  const watch = async (page: Page, path: string) => {
    const session = await context.newCDPSession(page);
    await session.send("Network.enable");
    const { promise, resolve } = Promise.withResolvers<{ protocol: string | undefined; encoding: string | undefined }>();
    session.on("Network.responseReceived", ({ type, response: { url, protocol, headers } }) => {
      if (new URL(url).pathname === path && type !== "Preflight") resolve({ protocol, encoding: headers["content-encoding"] });
    });
    return { response: promise };
  };

  test("a page uses HTTP/2 over TLS", async () => {
    const page = await openPage();
    const seen = await watch(page, "/v1/greetings/tls");
    await page.evaluate((url) => fetch(url).then((response) => response.text()), `${secure.url}/v1/greetings/tls`);
    expect(await seen.response).toMatchObject({ protocol: "h2" });
    await page.close();
  });

  test.each(webClients.map(({ name }) => name))("%s works over HTTP/2 and TLS", async (client) => {
    const page = await openPage();
    expect(await callInPage(page, greeting(client, secure.url, "tls"))).toEqual(greeted("tls"));
    await page.close();
  });

  test("a page has more than six streams at once over HTTP/2", async () => {
    const page = await openPage();
    const first = await page.evaluate(
      (url) =>
        Promise.all(
          Array.from(
            { length: 30 },
            (_, n) => new Promise<string>((resolve) => (new EventSource(`${url}-${n}`).onmessage = ({ data }) => resolve(data))),
          ),
        ),
      `${secure.url}/v1/streams/wait`,
    );
    expect(first).toEqual(Array.from({ length: 30 }, (_, n) => `{"data":"wait-${n}"}`));
    await page.close();
  });

  test("a page sends a stream of requests while it makes it, over HTTP/2", async () => {
    const page = await openPage();
    const outcome = await page.evaluate(async (url) => {
      const lines = new TransformStream<string, string>();
      const writer = lines.writable.getWriter();
      const init = { method: "POST", headers: { "content-type": "application/x-ndjson" }, duplex: "half" } as const;
      const answer = fetch(url, { ...init, body: lines.readable.pipeThrough(new TextEncoderStream()) });
      for (const data of ["a", "b", "单"]) await writer.write(`${JSON.stringify({ data })}\n`);
      await writer.close();
      return await (await answer).text();
    }, `${secure.url}/v1/puts`);
    expect(outcome).toBe('{"data":"a b 单"}');
    await page.close();
  });

  test("a page uses a WebSocket over TLS", async () => {
    const page = await openPage();
    const outcome = await page.evaluate(
      (url) =>
        new Promise((resolve) => {
          const socket = new WebSocket(url);
          const received: unknown[] = [];
          socket.onmessage = ({ data }) => received.push(data);
          socket.onclose = ({ code }) => resolve([...received, code]);
        }),
      `${secure.url.replace("http", "ws")}/v1/streams/a`,
    );
    expect(outcome).toEqual(['{"data":"a 1"}', '{"data":"a 2"}', '{"data":"a 3"}', 1000]);
    await page.close();
  });

  describe.each(["gzip", "br"] as const)("the browser decodes %s", (encoding) => {
    const post = {
      method: "POST",
      headers: { "content-type": "application/json", "connect-protocol-version": "1" },
      body: '{"name":"long"}',
    };
    test.each([
      ["REST", "/v1/greetings/long", {}],
      ["Connect", "/proto.Greeter/SayHello", post],
    ])("of a %s response", async (_protocol, path, init) => {
      const page = await openPage();
      await page.setExtraHTTPHeaders({ "accept-encoding": encoding });
      const seen = await watch(page, path);
      const body = await page.evaluate(([url, init]) => fetch(url, init).then((response) => response.json()), [
        secure.url + path,
        init,
      ] as const);
      expect(body).toEqual({ message: "Hello ".repeat(10_000) });
      expect(await seen.response).toEqual({ protocol: "h2", encoding });
      await page.close();
    });
  });

  describe("a page with a strict Content-Security-Policy", () => {
    test("cannot connect elsewhere", async () => {
      const page = await openPage(pages.strict(secure.url));
      const outcome = await page.evaluate((url) => fetch(url).catch(({ name }: Error) => name), `${plain.url}/v1/greetings/csp`);
      expect(outcome).toBe("TypeError");
      await page.close();
    });

    test.each(webClients.map(({ name }) => name))("uses %s", async (client) => {
      const page = await openPage(pages.strict(plain.url));
      expect(await callInPage(page, greeting(client, plain.url, "csp"))).toEqual(greeted("csp"));
      await page.close();
    });
  });
});
