// REST in a page of another origin: unary calls and streams with fetch, EventSource and WebSocket.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Front, startFront } from "../gateway/clients/upstream.ts";
import { startBrowser } from "./chromium.ts";
import { servePages } from "./pages.ts";
import { type CuttingProxy, cuttingProxy } from "./proxy.ts";

const { browser, missing } = await startBrowser();
const started = new AsyncDisposableStack();

let front: Front;
let page: Page;

describe.skipIf(missing)(missing ?? "in Chromium", () => {
  beforeAll(async () => {
    if (browser === undefined) return;
    started.defer(() => browser.close());
    const { origin } = started.use(await servePages());
    front = started.use(await startFront({ origins: [origin] }));
    page = await browser.newPage();
    await page.goto(origin);
  });
  afterAll(() => started.disposeAsync());

  describe("fetch", () => {
    test("reads a stream line by line", async () => {
      const lines = await page.evaluate(async (url) => {
        const response = await fetch(`${url}/v1/streams/a`);
        const lines: string[] = [];
        let rest = "";
        for await (const text of (response.body as ReadableStream).pipeThrough(new TextDecoderStream())) {
          const parts = (rest + text).split("\n");
          rest = parts.pop() ?? "";
          lines.push(...parts);
        }
        return [response.headers.get("content-type"), ...lines, rest];
      }, front.url);
      const results = [1, 2, 3].map((n) => `{"result":{"data":"a ${n}"}}`);
      expect(lines).toEqual(["application/x-ndjson", ...results, ""]);
    });

    test("gets the first message of a stream before the next one is there", async () => {
      const first = await page.evaluate(async (url) => {
        const reader = (await fetch(`${url}/v1/streams/wait-first`)).body?.getReader();
        const { value } = (await reader?.read()) ?? {};
        await reader?.cancel();
        return new TextDecoder().decode(value);
      }, front.url);
      expect(first).toBe('{"result":{"data":"wait-first"}}\n');
    });

    test("sends a stream of requests as lines", async () => {
      const answer = await page.evaluate(async (url) => {
        const headers = { "content-type": "application/x-ndjson" };
        const response = await fetch(`${url}/v1/puts`, { method: "POST", headers, body: '{"data":"a"}\n{"data":"单"}\n' });
        return { status: response.status, body: await response.text() };
      }, front.url);
      expect(answer).toEqual({ status: 200, body: '{"data":"a 单"}' });
    });
  });

  describe("EventSource", () => {
    test("gets all messages and the event `end`, and stays closed", async () => {
      const outcome = await page.evaluate(
        (url) =>
          new Promise((resolve) => {
            const source = new EventSource(`${url}/v1/streams/a`);
            const messages: unknown[] = [];
            let opened = 0;
            source.onopen = () => opened++;
            source.onmessage = ({ data, lastEventId }) => messages.push([lastEventId, data]);
            source.addEventListener("end", () => messages.push("end"));
            source.onerror = () => {
              if (source.readyState === EventSource.CLOSED) resolve({ messages, opened });
            };
          }),
        front.url,
      );
      const messages = [0, 1, 2].map((id) => [`${id}`, `{"data":"a ${id + 1}"}`]);
      expect(outcome).toEqual({ messages: [...messages, "end"], opened: 1 });
    });

    test("gets the status of a call that fails, and stays closed", async () => {
      const outcome = await page.evaluate(
        (url) =>
          new Promise((resolve) => {
            const source = new EventSource(`${url}/v1/streams/fail`);
            let failure: unknown;
            source.addEventListener("error", (event) => {
              if (event instanceof MessageEvent) failure = JSON.parse(event.data);
              else if (source.readyState === EventSource.CLOSED) resolve(failure);
            });
          }),
        front.url,
      );
      expect(outcome).toEqual({ code: 15, message: "no more", details: [] });
    });

    test("reconnects with Last-Event-ID when its connection breaks", async () => {
      await using proxy: CuttingProxy = await cuttingProxy(front.url);
      const first = page.waitForEvent("console", (message) => message.text() === "1");
      const outcome = page.evaluate(
        (url) =>
          new Promise((resolve) => {
            const source = new EventSource(`${url}/v1/streams/count`);
            const messages: unknown[] = [];
            source.onmessage = ({ data, lastEventId }) => {
              messages.push([lastEventId, JSON.parse(data).data]);
              console.log(messages.length);
            };
            source.addEventListener("end", () => {
              source.close();
              resolve(messages);
            });
          }),
        proxy.url,
      );
      await first;
      proxy.cut();
      expect(await outcome).toEqual([
        ["0", "first"],
        ["1", "first"],
        ["2", "second"],
      ]);
      expect(front.seen.lastEventIds).toEqual([undefined, "0"]);
    });
  });

  describe("WebSocket", () => {
    /** Sends the frames, and returns those received and how the socket was closed. */
    const talk = (path: string, frames: readonly string[], protocols: readonly string[] = []) =>
      page.evaluate(
        ({ url, frames, protocols }) =>
          new Promise<unknown>((resolve) => {
            const socket = new WebSocket(url, [...protocols]);
            const received: string[] = [];
            socket.onopen = () => {
              for (const frame of frames) socket.send(frame);
            };
            socket.onmessage = ({ data }) => received.push(data);
            socket.onclose = ({ code, reason, wasClean }) => resolve({ received, code, reason, wasClean, protocol: socket.protocol });
          }),
        { url: front.url.replace("http", "ws") + path, frames, protocols },
      );
    const closed = { code: 1000, reason: "", wasClean: true, protocol: "" };

    test("sends a stream of requests", async () => {
      const frames = ['{"data":"a"}', '{"data":"单"}', ""];
      expect(await talk("/v1/puts", frames)).toEqual({ ...closed, received: ['{"data":"a 单"}'] });
    });

    test("sends and receives messages in both directions", async () => {
      const frames = ['{"data":"a"}', '{"data":"单"}', ""];
      expect(await talk("/v1/talks", frames)).toEqual({ ...closed, received: ['{"data":"a!"}', '{"data":"单!"}'] });
    });

    test("receives a stream of responses", async () => {
      const received = [1, 2, 3].map((n) => `{"data":"a ${n}"}`);
      expect(await talk("/v1/streams/a", [])).toEqual({ ...closed, received });
    });

    test("authenticates with a subprotocol", async () => {
      const received = ['{"data":"Bearer 123.abc"}'];
      expect(await talk("/v1/talks", ['{"data":"who"}', ""], ["bearer", "123.abc"])).toEqual({ ...closed, received, protocol: "bearer" });
    });

    test.each([
      ["an error of the handler", "{}", 4003, "the request is empty"],
      ["malformed JSON", "{", 4003, "malformed JSON"],
    ])("is closed with the code and the message of %s", async (_what, frame, code, reason) => {
      expect(await talk("/v1/talks", [frame])).toMatchObject({
        received: [],
        code,
        reason: expect.stringContaining(reason),
        wasClean: true,
      });
    });

    test("is refused for a unary method and for an unknown path", async () => {
      for (const path of ["/v1/greetings/a", "/v1/unknown"]) {
        expect(await talk(path, [])).toMatchObject({ received: [], code: 1006, wasClean: false });
      }
    });

    test("is refused to a page of an origin that is not allowed", async () => {
      if (browser === undefined) throw new Error(missing);
      await using other = await servePages();
      const page = await browser.newPage();
      await page.goto(other.origin);
      const code = await page.evaluate(
        (url) =>
          new Promise((resolve) => {
            new WebSocket(url).onclose = ({ code }) => resolve(code);
          }),
        `${front.url.replace("http", "ws")}/v1/streams/a`,
      );
      expect(code).toBe(1006);
      await page.close();
    });
  });
});
