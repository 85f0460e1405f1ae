// The tutorials in the console: the chat, the push, the shop and the streams, in a browser.

import { createGateway, type GatewayServerOptions } from "@grpc-study/gateway";
import { Greeter as Chat } from "@grpc-study/proto/chat";
import { Greeter as Push } from "@grpc-study/proto/push";
import { OrderService, ProdService, UserService } from "@grpc-study/proto/shop";
import { Stream, StreamClient, StreamServer } from "@grpc-study/proto/streams";
import { createServer, implement } from "@grpc-study/rpc";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startBrowser } from "../browser/chromium.ts";
import { addressOf } from "../harness/address-of.ts";
import { violations } from "./axe.ts";
import { ConsolePage, type PageOptions, textOf } from "./page.ts";

const { browser, missing } = await startBrowser();
const started = new AsyncDisposableStack();
const waiting = { timeout: 20_000 };

/** A reply that would do harm if it were HTML or a link. */
const attack = '<img src=x onerror=globalThis.hacked=1><a href="javascript:globalThis.hacked=1">\u202egpj</a>';

/** Replies as the tutorial does, or with the attack. */
async function* reply(requests: AsyncIterable<{ readonly name: string }>) {
  for await (const { name } of requests) yield { reply: name === "attack" ? attack : name.replaceAll("你", "我") };
}

async function serveChat(address: string) {
  const server = createServer({ onError: () => {} });
  server.add(implement(Chat, { bidiHello: reply }));
  const bound = await server.listen(address);
  return { address: bound.address, kill: async () => void (await server.shutdown({ graceMs: 0, abortMs: 0 })) };
}

async function serveConsole(options: Pick<GatewayServerOptions, "services" | "upstream" | "console">): Promise<string> {
  const gateway = createGateway({ graceMs: 0, onWarning: () => {}, ...options });
  started.defer(() => gateway.close());
  return (await gateway.listen("127.0.0.1:0")).url;
}

const open = (url: string, name: string, options?: PageOptions) => ConsolePage.open(browser as Browser, url, `tutorial/${name}`, options);

const isClean = (view: ConsolePage) => expect([view.errors, view.foreign]).toEqual([[], []]);

const bubbles = async ({ page }: ConsolePage) =>
  (await page.getByRole("log").locator(".bubble-text").allInnerTexts()).map((text) => text.trim());

async function say({ page }: ConsolePage, text: string): Promise<void> {
  await page.getByRole("textbox", { name: "Your line" }).fill(text);
  await page.keyboard.press("Enter");
}

describe.skipIf(missing)(missing ?? "in Chromium", { timeout: 120_000 }, () => {
  const urls = { chat: "", push: "", shop: "", streams: "" };
  beforeAll(async () => {
    if (browser !== undefined) started.defer(() => browser.close());
    const chat = await serveChat("127.0.0.1:0");
    started.defer(() => chat.kill());
    const links = [
      { title: "chat", url: "./" },
      { title: "push", url: "../../push/console/" },
    ];
    urls.chat = await serveConsole({ services: [Chat], upstream: chat.address, console: { links } });
    urls.push = await serveConsole({ services: [Push], upstream: addressOf("push") });
    urls.shop = await serveConsole({ services: [ProdService, OrderService, UserService], upstream: addressOf("shop") });
    urls.streams = await serveConsole({ services: [StreamServer, StreamClient, Stream], upstream: addressOf("streams") });
  });
  afterAll(() => started.disposeAsync());

  test("two tabs chat, each on its own stream, and go on after the server has died and come back", async ({ onTestFinished }) => {
    let chat = await serveChat("127.0.0.1:0");
    onTestFinished(() => chat.kill());
    const url = await serveConsole({ services: [Chat], upstream: chat.address });
    await using one = await open(url, "chat");
    await using other = await open(url, "chat");
    await say(one, "你好");
    await say(other, "other 你");
    await expect.poll(() => bubbles(one), waiting).toEqual(["你好", "我好"]);
    await expect.poll(() => bubbles(other), waiting).toEqual(["other 你", "other 我"]);
    await chat.kill();
    for (const view of [one, other]) await view.page.getByText(/^The stream was lost/).waitFor();
    await say(one, "while it is down");
    await one.page.getByText("no reply yet").waitFor();
    chat = await serveChat(chat.address);
    await expect.poll(() => bubbles(one), waiting).toEqual(["你好", "我好", "while it is down", "while it is down"]);
    await say(other, "back 你");
    await expect.poll(() => bubbles(other), waiting).toEqual(["other 你", "other 我", "back 你", "back 我"]);
    expect(await one.page.getByText("no reply yet").count()).toBe(0);
    isClean(one);
  });

  test("a hostile reply is text, and the header links to other consoles", async () => {
    await using view = await open(urls.chat, "chat");
    await say(view, "attack");
    await expect.poll(() => bubbles(view), waiting).toEqual(["attack", attack]);
    expect(await view.page.evaluate("globalThis.hacked")).toBeUndefined();
    expect(await view.page.locator("#app :is(img, script, a[href^='javascript:'])").count()).toBe(0);
    const links = view.page.getByRole("navigation", { name: "Other pages" }).getByRole("link");
    expect(await links.allInnerTexts()).toEqual(["chat", "push"]);
    expect(await links.first().getAttribute("aria-current")).toBe("page");
    // The chat and its method lead to each other.
    await view.page.getByRole("link", { name: "BidiHello" }).click();
    await view.page.getByRole("link", { name: "See it live: Chat" }).click();
    await view.page.getByRole("log").waitFor();
    isClean(view);
  });

  test("the push is a feed, and the reader pushes too", async () => {
    await using view = await open(urls.push, "push");
    const feed = (name: string) => view.page.getByRole("region", { name });
    await feed("Server push").getByRole("button", { name: "Start" }).click();
    await feed("Server push").getByRole("listitem").first().waitFor();
    expect(await textOf(feed("Server push").getByRole("listitem").first())).toMatch(/\d{1,2}:\d{2}:\d{2}.*\d{10}/s);
    await expect.poll(() => feed("Server push").getByRole("listitem").count(), waiting).toBeGreaterThan(1);
    await feed("Server push").getByRole("button", { name: "Stop" }).click();
    await feed("Server push").getByText("cancelled here").waitFor();
    const client = feed("Client push");
    for (const text of ["a", "b"]) {
      await client.getByRole("textbox").fill(text);
      await client.getByRole("textbox").press("Enter");
    }
    await client.getByRole("button", { name: "Finish" }).click();
    await client.getByText("0 OK").waitFor();
    expect((await client.getByRole("listitem").locator(".text").allInnerTexts()).map((text) => text.trim())).toEqual(["2", "b", "a"]);
    const both = feed("Both at once");
    await both.getByRole("textbox").fill("mine");
    await both.getByRole("textbox").press("Enter");
    await both.getByText("ssss").first().waitFor();
    await both.getByRole("button", { name: "Finish" }).click();
    await both.getByText("0 OK").waitFor();
    isClean(view);
  });

  test("the shop shows stock, takes an order, and marks the number that another order has", async () => {
    await using view = await open(urls.shop, "shop");
    const { page } = view;
    await expect.poll(() => textOf(page.locator(".stock")), waiting).toMatch(/Area A\s+114,514\s+Area B\s+721\s+Area C\s+666/);
    const order = page.getByRole("region", { name: "Order" });
    const number = order.getByLabel("Order number");
    await number.fill(`e2e-${process.pid}-${Date.now()}`);
    const place = () => order.getByRole("button", { name: "Place the order" }).click();
    for (let times = 0; times < 2; times++) {
      await place();
      await order.getByText("Accepted: OK success").waitFor();
    }
    await order.getByLabel("Amount").fill("21");
    await place();
    await order.getByText("6 ALREADY_EXISTS").waitFor();
    expect(await number.getAttribute("aria-invalid")).toBe("true");
    expect(await number.evaluate((input) => input.parentElement?.querySelector(".fault")?.textContent)).toMatch(/\S/);
    await order.getByLabel("User").fill("0");
    expect(await textOf(order)).toContain("A whole number from 1 to 2147483647.");
    const scores = page.getByRole("region", { name: "Scores of users" });
    await scores.getByRole("button", { name: "Show scores" }).click();
    await scores.getByText("0 OK").waitFor();
    expect(await textOf(scores.getByRole("caption"))).toBe("3 messages");
    expect(await scores.getByRole("row").count()).toBe(6);
    isClean(view);
  });

  test("the three streams cross their wires", async () => {
    await using view = await open(urls.streams, "streams");
    const { page } = view;
    const animated = () => page.evaluate("document.getAnimations().length");
    await page.getByRole("button", { name: "Play all three" }).click();
    await expect.poll(animated, waiting).toBeGreaterThan(0);
    await page.emulateMedia({ reducedMotion: "reduce" });
    await page.getByRole("button", { name: "Play all three" }).click();
    await expect.poll(() => page.getByText("0 OK").count(), waiting).toBe(3);
    const events = async (title: string) =>
      (
        await page
          .getByRole("list", { name: `What happened: ${title}` })
          .locator(".text")
          .allInnerTexts()
      ).map((text) => text.trim());
    expect(await events("Server stream")).toEqual([
      "stream server grpc",
      "half-close",
      ...[0, 1, 2, 3, 4].map((index) => `stream server grpc ${index}`),
    ]);
    expect((await events("Client stream")).at(-1)).toBe("0 ok");
    expect((await events("Bidirectional stream")).slice(0, 3)).toEqual([
      "stream client rpc 0",
      "from stream server answer: the 1 question is stream client rpc 0",
      "stream client rpc 1",
    ]);
    isClean(view);
  });

  test.each([
    { name: "light", colorScheme: "light", locale: "en-US" },
    { name: "dark, in Chinese, on a phone", colorScheme: "dark", locale: "zh-CN", width: 390, height: 800 },
  ] as const)("$name, no tutorial violates WCAG 2.2 AA or is wider than the screen", async ({ name: _, ...look }) => {
    for (const [name, press] of [
      ["chat", /^你好么？$/],
      ["push", /^(?:Start|开始)$/],
      ["shop", /^(?:Show scores|显示积分)$/],
      ["streams", /^(?:Play all three|三个一起播放)$/],
    ] as const) {
      await using view = await open(urls[name], name, look);
      await view.page.emulateMedia({ reducedMotion: "reduce" });
      await view.page.getByRole("button", { name: press }).first().click();
      await view.page.locator(".bubble.server:not(.typing), .feed li, .scores, .lane li").first().waitFor();
      expect([name, await violations(view.page)]).toEqual([name, []]);
      expect(await view.page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
      const pictures = process.env["CONSOLE_PICTURES"];
      if (pictures !== undefined) await view.page.screenshot({ path: `${pictures}/${name}-${look.locale}.png` });
      isClean(view);
    }
  });
});
