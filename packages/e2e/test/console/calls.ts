// Calls of each kind in the console, in a browser.
import { expect, test, vi } from "vitest";
import { type Kinds, startKinds } from "./kinds.ts";
import { ConsolePage, textOf } from "./page.ts";
import { inChromium } from "./shared.ts";

const waiting = { timeout: 20_000 };

interface Opened extends AsyncDisposable {
  readonly kinds: Kinds;
  readonly view: ConsolePage;
}

/** Starts a server, and opens its console at a method. */
async function open(method: string): Promise<Opened> {
  const stack = new AsyncDisposableStack();
  const kinds = stack.use(await startKinds());
  const view = stack.use(await ConsolePage.open(kinds.url, `console.test.v1.Kinds/${method}`));
  return { kinds, view, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** The texts of the visible lines of the list of messages. */
const lines = (view: ConsolePage) => view.response.getByRole("region", { name: "Messages" }).getByRole("listitem").allInnerTexts();

/** What a line says without its time. */
const events = async (view: ConsolePage) =>
  (await lines(view)).map((line) =>
    line
      .split("\n")
      .filter((part) => !/^[\d.]+ m?s$/.test(part) && !/ B$/.test(part))
      .join(" "),
  );

/** No view may have broken, and nothing may come from outside. */
const isClean = (view: ConsolePage) => expect([view.errors, view.foreign]).toEqual([[], []]);

inChromium("calls", { timeout: 120_000 }, () => {
  test("a unary call shows the message as a tree and in JSON, with header, trailer, times and sizes", async () => {
    await using opened = await open("Say");
    const { view } = opened;
    await view.page.getByLabel(/^text/).fill("hello");
    await view.page.getByLabel(/^count/).fill("3");
    await view.press("Call");
    await view.response.getByText("0 OK").waitFor();
    expect(await textOf(view.response.getByRole("list", { name: "Response" }))).toMatch(/text: "said hello"[\s\S]*count: 3/);
    await view.openTab(view.response, "JSON");
    expect(JSON.parse(await textOf(view.response.locator("pre")))).toEqual({ text: "said hello", count: 3 });
    await view.openTab(view.response, /^Header/);
    expect(await view.response.getByRole("row", { name: "x-method Say" }).count()).toBe(1);
    await view.openTab(view.response, /^Trailer/);
    expect(await view.response.getByRole("row").allInnerTexts()).toEqual([
      expect.stringMatching(/Key\s+Value/),
      expect.stringMatching(/x-cost\s+7/),
    ]);
    await view.openTab(view.response, "Times");
    expect(await view.responseText()).toMatch(
      /to the header\s+[\d.]+ ms[\s\S]*to the end\s+[\d.]+ ms[\s\S]*1 message, [\d.]+ B[\s\S]*1 message, 31 B/,
    );
    isClean(view);
  });

  test("an error shows its code, message and typed details", async () => {
    await using opened = await open("Say");
    const { view } = opened;
    await view.write('{"text": "x", "code": 9}');
    await view.press("Call");
    await view.response.getByText("9 FAILED_PRECONDITION").waitFor();
    expect(await view.responseText()).toMatch(/failed: x[\s\S]*google\.rpc\.BadRequest[\s\S]*field: "text"[\s\S]*description: "bad x"/);
    isClean(view);
  });

  test("bytes of a response are shown as text, too, if they are one", async () => {
    await using opened = await open("Echo");
    const { view } = opened;
    await view.write('{"bytes_value": "Zm9v", "children": [{"bytes_value": "/w=="}], "notes": {"1": {"text": "Zm9v"}}}');
    await view.press("Call");
    await view.response.getByText("0 OK").waitFor();
    const lines = (await textOf(view.response.getByRole("list", { name: "Response" }))).split("\n");
    expect(lines.filter((line) => /ytes|text/.test(line))).toEqual(['bytesValue: "Zm9v" text foo', 'bytesValue: "/w=="', 'text: "Zm9v"']);
    isClean(view);
  });

  test("metadata, authorization and deadline are sent with every call, also over the WebSocket", async () => {
    await using opened = await open("Say");
    const { kinds, view } = opened;
    await view.page.getByLabel("Authorization").fill("Bearer s3cret");
    await view.press("Add metadata");
    await view.page.getByLabel("Key").fill("X-Tenant");
    await view.page.getByLabel("Value").fill("a b");
    await view.press("Call");
    await view.response.getByText("0 OK").waitFor();
    await view.page.getByRole("link", { name: "Talk" }).click();
    await view.press("Send message");
    await view.response.getByText(/heard/).first().waitFor();
    await view.press("Half-close");
    await view.response.getByText("0 OK").waitFor();
    for (const metadata of kinds.seen.metadata.slice(-2)) {
      expect(metadata).toContainEqual(["authorization", ["Bearer s3cret"]]);
      expect(metadata).toContainEqual(["x-tenant", ["a b"]]);
    }
    await view.page.getByRole("link", { name: "Say" }).click();
    await view.page.getByLabel("Deadline (ms)").fill("200");
    await view.write('{"delayMs": 10000}');
    await view.press("Call");
    await view.response.getByText("4 DEADLINE_EXCEEDED").waitFor();
    expect(JSON.stringify(await view.page.context().storageState())).not.toContain("s3cret");
    isClean(view);
  });

  test("a server stream arrives message by message", async () => {
    await using opened = await open("Repeat");
    const { view } = opened;
    await view.write('{"text": "tick", "count": 3, "delayMs": 1500}');
    await view.press("Call");
    await view.response.getByText('"tick 1"').first().waitFor();
    expect(await view.response.getByText('"tick 3"').count()).toBe(0);
    await view.response.getByText("0 OK").waitFor();
    expect(await events(view)).toEqual([
      expect.stringContaining("sent"),
      expect.stringContaining("half-close"),
      expect.stringContaining("header"),
      ...[1, 2, 3].map((n) => expect.stringContaining(`received {"text":"tick ${n}","count":${n}}`)),
      expect.stringContaining("end"),
    ]);
    isClean(view);
  });

  test("cancelling a server stream cancels the call of the server", async () => {
    await using opened = await open("Repeat");
    const { kinds, view } = opened;
    await view.write('{"text": "forever", "count": 1000000, "delayMs": 20}');
    await view.press("Call");
    await view.response
      .getByText(/forever/)
      .first()
      .waitFor();
    await view.press("Cancel");
    await view.response.getByText("1 CANCELLED").waitFor();
    await vi.waitUntil(() => kinds.seen.cancelled.includes("Repeat"), waiting);
    isClean(view);
  });

  test("a client stream sends messages one by one, and gets its response after the half-close", async () => {
    await using opened = await open("Join");
    const { view } = opened;
    for (const text of ["one", "two", "three"]) {
      await view.page.getByLabel(/^text/).fill(text);
      await view.press("Send message");
    }
    expect(await view.response.getByText("OK").count()).toBe(0);
    await view.press("Half-close");
    await view.response.getByText("0 OK").waitFor();
    expect(await view.responseText()).toMatch(/"one two three"[\s\S]*count: 3/);
    await view.openTab(view.response, /^Trailer/);
    expect(await view.responseText()).toMatch(/x-cost\s+7/);
    isClean(view);
  });

  test("a bidirectional stream answers between the messages that are sent", async () => {
    await using opened = await open("Talk");
    const { view } = opened;
    await view.press("Start the call");
    for (const text of ["a", "b"]) {
      await view.page.getByLabel(/^text/).fill(text);
      await view.page.keyboard.press("Control+Enter");
      await view.response.getByText(`"heard ${text}"`).first().waitFor();
    }
    await view.press("Half-close");
    await view.response.getByText("0 OK").waitFor();
    const kindsOfEvents = (await events(view)).map((line) => /sent|received|header|half-close|end/.exec(line)?.[0]);
    expect(kindsOfEvents.filter((kind) => kind !== "header")).toEqual(["sent", "received", "sent", "received", "half-close", "end"]);
    isClean(view);
  });

  test("an error in the middle of a bidirectional stream shows its details", async () => {
    await using opened = await open("Talk");
    const { view } = opened;
    await view.press("Send message");
    await view.write('{"text": "bad", "code": 3}');
    await view.press("Send message");
    await view.response.getByText("3 INVALID_ARGUMENT").waitFor();
    expect(await view.responseText()).toMatch(/failed: bad[\s\S]*google\.rpc\.BadRequest/);
    expect(await view.page.getByRole("button", { name: "Half-close" }).isDisabled()).toBe(true);
    isClean(view);
  });

  test("cancelling a bidirectional stream cancels the call of the server", async () => {
    await using opened = await open("Talk");
    const { kinds, view } = opened;
    await view.press("Send message");
    await view.response.getByText(/heard/).first().waitFor();
    await view.press("Cancel");
    await view.response.getByText("1 CANCELLED").waitFor();
    await vi.waitUntil(() => kinds.seen.cancelled.includes("Talk"), waiting);
    isClean(view);
  });

  test.each(["Repeat", "Talk"])("%s ends with UNAVAILABLE if the server dies, and works again once it is back", async (method) => {
    await using opened = await open(method);
    const { kinds, view } = opened;
    const press = method === "Repeat" ? "Call" : "Send message";
    await view.write('{"text": "alive", "count": 1000000, "delayMs": 20}');
    await view.press(press);
    await view.response.getByText(/alive/).nth(1).waitFor();
    await kinds.kill();
    await view.response.getByText(/14 UNAVAILABLE/).waitFor();
    await kinds.revive();
    await vi.waitFor(async () => {
      await view.press(press);
      await view.response.getByText("The call is running").waitFor({ timeout: 2000 });
    }, waiting);
    isClean(view);
  });
});
