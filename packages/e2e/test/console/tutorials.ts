// The tutorials in the console: the chat, the push, the shop and the streams, in a browser.

import { createGateway, type GatewayServerOptions } from "@grpc-study/gateway";
import { Greeter as Chat, Rooms } from "@grpc-study/proto/chat";
import { Greeter as Push } from "@grpc-study/proto/push";
import { OrderService, ProdService, UserService } from "@grpc-study/proto/shop";
import { Stream, StreamClient, StreamServer } from "@grpc-study/proto/streams";
import { createServer, implement } from "@grpc-study/rpc";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { addressOf } from "../harness/address-of.ts";
import { violations } from "./axe.ts";
import { ConsolePage, type PageOptions, textOf } from "./page.ts";
import { inChromium } from "./shared.ts";

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

const open = (url: string, name: string, options?: PageOptions) => ConsolePage.open(url, `tutorial/${name}`, options);

const isClean = (view: ConsolePage) => expect([view.errors, view.foreign]).toEqual([[], []]);

const bubbles = async ({ page }: ConsolePage) =>
  (await page.getByRole("log").locator(".bubble-text").allInnerTexts()).map((text) => text.trim());

async function say({ page }: ConsolePage, text: string): Promise<void> {
  await page.getByRole("textbox", { name: "Your line" }).fill(text);
  await page.keyboard.press("Enter");
}

inChromium("tutorials", { timeout: 120_000 }, () => {
  const urls = { chat: "", rooms: "", push: "", shop: "", streams: "" };
  beforeAll(async () => {
    const chat = await serveChat("127.0.0.1:0");
    started.defer(() => chat.kill());
    const links = [
      { title: "chat", url: "./" },
      { title: "push", url: "../../push/console/" },
    ];
    urls.chat = await serveConsole({ services: [Chat], upstream: chat.address, console: { links } });
    urls.rooms = await serveConsole({ services: [Rooms], upstream: addressOf("chat") });
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
    await vi.waitFor(async () => expect(await bubbles(one)).toEqual(["你好", "我好"]), waiting);
    await vi.waitFor(async () => expect(await bubbles(other)).toEqual(["other 你", "other 我"]), waiting);
    await chat.kill();
    for (const view of [one, other]) await view.page.getByText(/^The stream was lost/).waitFor();
    await say(one, "while it is down");
    await one.page.getByText("no reply yet").waitFor();
    chat = await serveChat(chat.address);
    await vi.waitFor(async () => expect(await bubbles(one)).toEqual(["你好", "我好", "while it is down", "while it is down"]), waiting);
    await say(other, "back 你");
    await vi.waitFor(async () => expect(await bubbles(other)).toEqual(["other 你", "other 我", "back 你", "back 我"]), waiting);
    expect(await one.page.getByText("no reply yet").count()).toBe(0);
    isClean(one);
  });

  test("a hostile reply is text, and the header links to other consoles", async () => {
    await using view = await open(urls.chat, "chat");
    await say(view, "attack");
    await vi.waitFor(async () => expect(await bubbles(view)).toEqual(["attack", attack]), waiting);
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

  test("two tabs meet in a room, see who comes and goes, and what was said before", async () => {
    await using one = await open(urls.rooms, "rooms");
    await using other = await open(urls.rooms, "rooms");
    const room = `e2e-${process.pid}`;
    const join = async ({ page }: ConsolePage, user: string) => {
      await page.getByLabel("Room", { exact: true }).fill(room);
      await page.getByLabel("Your name").fill(user);
      await page.getByRole("button", { name: "Join" }).click();
      await page.getByText(`In the room:`).getByText(user).waitFor();
    };
    await join(one, "ann");
    await say(one, attack);
    await vi.waitFor(async () => expect(await bubbles(one)).toEqual([attack]), waiting);
    await join(other, "ben");
    await one.page.getByText("In the room: ann, ben").waitFor();
    await vi.waitFor(async () => expect(await bubbles(other)).toEqual([attack]), waiting);
    await say(other, "你好");
    await vi.waitFor(async () => expect(await bubbles(one)).toEqual([attack, "你好"]), waiting);
    await other.page.getByRole("button", { name: "Leave" }).click();
    await one.page.getByText("ben has left.").waitFor();
    expect(await one.page.evaluate("globalThis.hacked")).toBeUndefined();
    isClean(one);
  });

  test("the push is a feed, and the reader pushes too", async () => {
    await using view = await open(urls.push, "push");
    const feed = (name: string) => view.page.getByRole("region", { name });
    await feed("Server push").getByRole("button", { name: "Start" }).click();
    await feed("Server push").getByRole("listitem").first().waitFor();
    expect(await textOf(feed("Server push").getByRole("listitem").first())).toMatch(/\d{1,2}:\d{2}:\d{2}.*\d{10}/s);
    await vi.waitFor(async () => expect(await feed("Server push").getByRole("listitem").count()).toBeGreaterThan(1), waiting);
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
    await vi.waitFor(
      async () => expect(await textOf(page.locator(".stock"))).toMatch(/Area A\s+114,514\s+Area B\s+721\s+Area C\s+666/),
      waiting,
    );
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
    // The rule of the .proto.
    expect(await textOf(order)).toContain("expected: more than 0");
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
    await vi.waitFor(async () => expect(await animated()).toBeGreaterThan(0), waiting);
    await page.emulateMedia({ reducedMotion: "reduce" });
    await page.getByRole("button", { name: "Play all three" }).click();
    // Exactly: the client stream's response is "0 ok".
    await vi.waitFor(async () => expect(await page.getByText("0 OK", { exact: true }).count()).toBe(3), waiting);
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

  test("the keyboard alone chats, pushes, places an order and plays the streams", async () => {
    await using view = await open(urls.chat, "");
    const { page } = view;
    await page.emulateMedia({ reducedMotion: "reduce" });
    /** Finds a control by its name, with Tab. */
    const tabTo = async (name: string | RegExp) => {
      const focused =
        "document.activeElement.ariaLabel ?? document.activeElement.labels?.[0]?.innerText ?? document.activeElement.innerText";
      for (let tabs = 0; tabs < 40; tabs++) {
        await page.keyboard.press("Tab");
        const text = String(await page.evaluate(focused)).trim();
        if (typeof name === "string" ? text === name : name.test(text)) return;
      }
      throw new Error(`Tab does not lead to ${String(name)}`);
    };
    /** Opens the tutorial of a gateway from its search. */
    const visit = async (url: string, title: string) => {
      await page.goto(`${url}/console/`);
      await page.getByRole("main").locator("h1").waitFor();
      await page.keyboard.press("/");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { level: 1, name: title }).waitFor();
    };
    await visit(urls.chat, "Chat");
    await tabTo("Your line");
    await page.keyboard.type("键盘");
    await page.keyboard.press("Enter");
    await vi.waitFor(async () => expect(await bubbles(view)).toEqual(["键盘", "键盘"]), waiting);

    await visit(urls.push, "Live push");
    await tabTo("Start");
    await page.keyboard.press("Space");
    const feed = page.getByRole("region", { name: "Server push" });
    await feed.getByRole("listitem").first().waitFor();
    await tabTo("Stop");
    await page.keyboard.press("Enter");
    await feed.getByText("cancelled here").waitFor();

    await visit(urls.shop, "Shop");
    await tabTo("Order number");
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.type(`key-${process.pid}-${Date.now()}`);
    await page.keyboard.press("Enter");
    await page.getByText("Accepted: OK success").waitFor();

    await visit(urls.streams, "Three streams");
    await tabTo("Play all three");
    await page.keyboard.press("Space");
    await vi.waitFor(async () => expect(await page.getByText("0 OK", { exact: true }).count()).toBe(3), waiting);
    expect(view.errors).toEqual([]);
  });

  test.each([
    { name: "light", colorScheme: "light", locale: "en-US" },
    { name: "dark, in Chinese, on a phone", colorScheme: "dark", locale: "zh-CN", width: 390, height: 800 },
  ] as const)("$name, no tutorial violates WCAG 2.2 AA or is wider than the screen", async ({ name: _, ...look }) => {
    for (const [name, press] of [
      ["chat", /^你好么？$/],
      ["rooms", /^(?:Join|加入)$/],
      ["push", /^(?:Start|开始)$/],
      ["shop", /^(?:Show scores|显示积分)$/],
      ["streams", /^(?:Play all three|三个一起播放)$/],
    ] as const) {
      await using view = await open(urls[name], name, look);
      await view.page.emulateMedia({ reducedMotion: "reduce" });
      await view.page.getByRole("button", { name: press }).first().click();
      await view.page.locator(".bubble.server:not(.typing), p.hint[role=status], .feed li, .scores, .lane li").first().waitFor();
      expect([name, await violations(view.page)]).toEqual([name, []]);
      expect(await view.page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
      const pictures = process.env["CONSOLE_PICTURES"];
      if (pictures !== undefined) await view.page.screenshot({ path: `${pictures}/${name}-${look.locale}.png` });
      isClean(view);
    }
  });
});
