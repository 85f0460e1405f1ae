// Daily work in the console, in a browser: history, saved requests, environments, links, the palette.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { violations } from "./axe.ts";
import { type Kinds, startKinds } from "./kinds.ts";
import { ConsolePage, type PageOptions, textOf } from "./page.ts";
import { inChromium } from "./shared.ts";

const started = new AsyncDisposableStack();
let kinds: Kinds;

const attack = `<img src=x onerror=globalThis.hacked=1>"'\`{{`;

const open = (method: string, options?: PageOptions) =>
  ConsolePage.open(kinds.url, method === "" ? "" : `console.test.v1.Kinds/${method}`, options);

const inDialog = ({ page }: ConsolePage) => page.getByRole("dialog");

async function isUnharmed(view: ConsolePage): Promise<void> {
  expect(await view.page.evaluate("globalThis.hacked")).toBeUndefined();
  expect(await view.page.locator("#app :is(img, iframe, script)").count()).toBe(0);
  expect([view.errors, view.foreign]).toEqual([[], []]);
}

/** Everything that the browser has stored for the page. */
async function storedIn(page: Page): Promise<string> {
  const rows = await page.evaluate(`(async () => {
    const all = [];
    for (const { name } of await indexedDB.databases()) {
      const db = await new Promise((resolve) => { const r = indexedDB.open(name); r.onsuccess = () => resolve(r.result); });
      for (const store of db.objectStoreNames) all.push(await new Promise((resolve) => {
        const r = db.transaction(store).objectStore(store).getAll(); r.onsuccess = () => resolve([store, r.result]);
      }));
      db.close();
    }
    return JSON.stringify([all, { ...localStorage }]);
  })()`);
  return String(rows);
}

/** Writes rows into the database of the page, as another version of it or anybody might. */
const storeIn = (page: Page, table: string, rows: readonly unknown[]) =>
  page.evaluate(
    `(async () => {
      const [{ name }] = await indexedDB.databases();
      const db = await new Promise((resolve) => { const r = indexedDB.open(name); r.onsuccess = () => resolve(r.result); });
      const transaction = db.transaction(${JSON.stringify(table)}, "readwrite");
      ${JSON.stringify(rows)}.forEach((row, index) => transaction.objectStore(${JSON.stringify(table)}).put(row, row?.id ?? "0-" + index));
      await new Promise((resolve) => { transaction.oncomplete = resolve; });
      db.close();
    })()`,
  );

async function call(view: ConsolePage, text: string): Promise<void> {
  await view.page.getByLabel(/^text/).fill(text);
  await view.press("Call");
  await view.response.getByText("0 OK").waitFor();
  await view.response.getByText(/said/).first().waitFor();
}

async function addVariable(view: ConsolePage, name: string, value: string, isSecret = false): Promise<void> {
  const dialog = inDialog(view);
  await dialog.getByRole("button", { name: "Add a variable" }).click();
  await dialog.getByLabel("Variable", { exact: true }).last().fill(name);
  await dialog.getByLabel(`Value of ${name}`).fill(value);
  if (isSecret) await dialog.getByLabel("secret").last().check();
}

inChromium("daily", { timeout: 120_000 }, () => {
  beforeAll(async () => {
    kinds = started.use(await startKinds());
  });
  afterAll(() => started.disposeAsync());

  test("the history has each call without metadata, in all tabs and after a reload, until it is cleared", async () => {
    await using view = await open("Say");
    const { page } = view;
    await page.getByLabel("Authorization").fill("Bearer s3cret");
    await view.press("Add metadata");
    await page.getByLabel("Key").fill("x-tenant");
    await page.getByLabel("Value").fill("t3nant");
    const other = await page.context().newPage();
    await other.goto(page.url());
    await other.getByRole("button", { name: "History" }).click();
    await other.getByText("No call has ended yet").waitFor();
    await call(view, attack);
    await other.getByRole("dialog").getByRole("listitem").waitFor();
    await call(view, "second");
    await vi.waitFor(async () => expect(await storedIn(page)).toContain("said second"), { timeout: 5000 });
    expect(await storedIn(page)).not.toMatch(/s3cret|t3nant/);
    await page.reload();
    await view.press("History");
    await vi.waitFor(async () => expect(await inDialog(view).getByRole("listitem").count()).toBe(2));
    await inDialog(view).getByRole("button", { name: "Open Say" }).last().click();
    await vi.waitFor(async () => expect(await page.getByLabel(/^text/).inputValue()).toBe(attack));
    await isUnharmed(view);
    await view.press("History");
    await inDialog(view).getByRole("button", { name: "Clear the history" }).click();
    await inDialog(view).getByRole("button", { name: "Delete 2 calls for good" }).click();
    await inDialog(view).getByText("No call has ended yet").waitFor();
    await other.getByText("No call has ended yet").waitFor();
    await vi.waitFor(async () => expect(await storedIn(page)).not.toContain("said second"), { timeout: 5000 });
  });

  test("metadata is remembered only while the reader wants it", async () => {
    await using view = await open("Say");
    const { page } = view;
    await page.getByLabel("Remember these in this browser").check();
    await page.getByLabel("Authorization").fill("Bearer t0ken");
    await view.press("Add metadata");
    await page.getByLabel("Key").fill("x-tenant");
    await page.getByLabel("Value").fill("t3nant");
    await call(view, "a");
    await page.reload();
    await call(view, "b");
    const tokens = kinds.seen.metadata.flat().filter(([key, values]) => key === "authorization" && String(values) === "Bearer t0ken");
    expect(tokens).toHaveLength(2);
    await vi.waitFor(async () => expect(await storedIn(page)).toContain("said b"), { timeout: 5000 });
    // The history has the tenant, but never the token.
    const [tables] = JSON.parse(await storedIn(page)) as [unknown];
    expect(JSON.stringify(tables)).toContain("t3nant");
    expect(JSON.stringify(tables)).not.toContain("t0ken");
    await page.getByLabel("Remember these in this browser").uncheck();
    await page.reload();
    expect(await page.getByLabel("Authorization").inputValue()).toBe("");
  });

  test("the data of anybody else does not break the page, and old calls make room", async () => {
    await using view = await open("Say");
    const { page } = view;
    await call(view, "first");
    await vi.waitFor(async () => expect(await storedIn(page)).toContain("said first"), { timeout: 5000 });
    const strange = [
      null,
      1,
      "a",
      [],
      { id: 1 },
      { id: "x", at: "y" },
      { id: "z", at: 1e300, path: attack, code: "OK", ms: 1, sent: 1, received: 1, size: 1 },
    ];
    for (const table of ["calls", "answers", "saved", "environments"]) await storeIn(page, table, strange);
    const many = Array.from({ length: 520 }, (_row, index) => ({
      id: `0-${String(index).padStart(4, "0")}`,
      at: index,
      path: index === 519 ? attack : "console.test.v1.Kinds/Say",
      code: "OK",
      ms: 1,
      sent: 1,
      received: 1,
      size: 10,
    }));
    await storeIn(page, "calls", many);
    await storeIn(page, "environments", [{ id: "e", name: attack, variables: [{ name: "a", value: attack, secret: false }] }]);
    await page.evaluate("localStorage.setItem('grpc-console.metadata /console/', '{\"metadata\": [1]}')");
    await page.reload();
    await call(view, "again");
    await view.press("History");
    await inDialog(view).getByRole("tab", { name: "Calls (500)" }).waitFor();
    expect(await textOf(inDialog(view))).toContain(attack);
    expect(await inDialog(view).getByRole("button", { name: /^Open/ }).nth(2).isDisabled()).toBe(true);
    await isUnharmed(view);
  });

  test("without storage, the page works, and says that it keeps nothing", async () => {
    await using view = await open("Say");
    const { page } = view;
    await page.addInitScript(`
      for (const name of ["indexedDB", "localStorage"])
        Object.defineProperty(globalThis, name, { get() { throw new DOMException("denied", "SecurityError"); } });
    `);
    await page.reload();
    await call(view, "memory");
    await view.press("History");
    await inDialog(view).getByText("The browser stores no data").waitFor();
    await inDialog(view).getByRole("button", { name: "Open Say" }).click();
    await vi.waitFor(async () => expect(await page.getByLabel(/^text/).inputValue()).toBe("memory"));
    expect(view.errors).toEqual([]);
  });

  test("variables have the values of their environment, and an unknown one is a fault at its place", async () => {
    await using view = await open("Say");
    const { page } = view;
    await page.getByLabel(/^text/).fill("hi {{who}}");
    expect(await textOf(view.request.locator(".field").first())).toContain("no value for who");
    expect(await page.getByRole("button", { name: "Call", exact: true }).isDisabled()).toBe(true);
    await view.press("Environments");
    await view.press("Add an environment");
    await addVariable(view, "who", attack);
    await addVariable(view, "n", "7");
    await addVariable(view, "token", "hunter2-s3cret", true);
    await page.keyboard.press("Escape");
    await view.write('{"text": "hi {{who}} {{token}}", "count": "{{n}}"}');
    await page.getByLabel("Authorization").fill("Bearer {{token}}");
    await view.press("Call");
    await view.response.getByText("0 OK").waitFor();
    expect(await view.responseText()).toContain("count: 7");
    expect(await view.responseText()).toContain(JSON.stringify(`said hi ${attack} hunter2-s3cret`));
    expect(kinds.seen.metadata.flat()).toContainEqual(["authorization", ["Bearer hunter2-s3cret"]]);
    await vi.waitFor(async () => expect(await storedIn(page)).toContain("{{token}}"), { timeout: 5000 });
    expect(await storedIn(page)).not.toContain("hunter2");
    await view.press("Copy as");
    await inDialog(view).getByLabel("Metadata").selectOption("all");
    await inDialog(view).getByText("are only named").waitFor();
    expect(await textOf(inDialog(view))).not.toContain("hunter2");
    await page.keyboard.press("Escape");
    await view.press("Share");
    await inDialog(view).getByLabel("Metadata").selectOption("all");
    await vi.waitFor(async () => expect(await inDialog(view).getByRole("textbox", { name: "Link" }).inputValue()).toMatch(/\?[\w-]{50}/));
    const link = await inDialog(view).getByRole("textbox", { name: "Link" }).inputValue();
    await page.keyboard.press("Escape");
    // A reload loses the secret, but not the environment.
    await page.goto("about:blank");
    await page.goto(link);
    await page.getByText(/^This request comes from a link/).waitFor();
    expect(await page.getByLabel("Authorization").inputValue()).toBe("Bearer {{token}}");
    await page.getByText("no value for a variable").waitFor();
    await page.getByLabel("Environment", { exact: true }).selectOption("");
    await page.getByText(/3 faults in the request/).waitFor();
    await isUnharmed(view);
  });

  test("a link opens a request, and sends nothing", async () => {
    await using view = await open("Repeat");
    const { page } = view;
    await view.write(JSON.stringify({ text: attack, count: 2 }));
    await page.getByLabel("Deadline (ms)").fill("5000");
    await page.getByLabel("Authorization").fill("Bearer s3cret");
    await view.press("Share");
    const linkOf = async () => {
      await vi.waitFor(async () =>
        expect(await inDialog(view).getByRole("textbox", { name: "Link" }).inputValue()).toMatch(/Repeat\?[\w-]+$/),
      );
      return await inDialog(view).getByRole("textbox", { name: "Link" }).inputValue();
    };
    const link = await linkOf();
    // The choice "with credentials" has credentials that are variables. A token itself needs more words.
    await inDialog(view).getByLabel("Metadata").selectOption("all");
    await inDialog(view).getByText("The link leaves out authorization").waitFor();
    expect(await linkOf()).toBe(link);
    await inDialog(view).getByLabel("Put the credential in authorization into the link").check();
    await vi.waitFor(async () => expect(await linkOf()).not.toBe(link));
    await page.keyboard.press("Escape");
    await using other = await open("");
    const posts: string[] = [];
    other.page.on("request", (request) => void (request.method() === "POST" && posts.push(request.url())));
    await other.page.goto(link);
    await other.page.getByText("Nothing has been sent").waitFor();
    expect(await other.page.getByLabel(/^text/).inputValue()).toBe(attack);
    expect(await other.page.getByLabel("Deadline (ms)").inputValue()).toBe("5000");
    expect(await other.page.getByLabel("Authorization").inputValue()).toBe("");
    expect(await other.response.getByText("No call yet").count()).toBe(1);
    expect(posts).toEqual([]);
    // What the reader then changes survives a reload of the same URL.
    expect(other.page.url()).not.toContain("?");
    await other.page.goto(link.slice(0, -5));
    await other.page.getByText("The link is broken").waitFor();
    await isUnharmed(other);
    await view.write(JSON.stringify({ text: Array.from({ length: 40_000 }, () => Math.random().toString(36)[2]).join("") }));
    await view.press("Share");
    await inDialog(view).getByText("Save or copy the request instead").waitFor();
  });

  test("a call of the history is made again, and two answers are compared by path and as text", async () => {
    await using view = await open("Repeat");
    const { page } = view;
    await view.write('{"text": "a", "count": 3}');
    await view.press("Call");
    await view.response.getByText("0 OK").waitFor();
    await view.write('{"text": "b", "count": 4}');
    await view.press("Call");
    await view.response.getByText("0 OK").waitFor();
    await view.press("History");
    await inDialog(view).getByRole("button", { name: "Call again Repeat" }).last().click();
    await view.response.getByText('"a 1"').first().waitFor();
    // What the reader had typed comes back.
    await view.press("Undo");
    await view.request.getByText('"b"').waitFor();
    await view.press("History");
    await inDialog(view).getByRole("tab", { name: "Calls (3)" }).waitFor();
    const compare = async (one: number, other: number) => {
      await inDialog(view).getByRole("checkbox").nth(one).check();
      await inDialog(view).getByRole("checkbox").nth(other).check();
      await view.press("Compare answers");
    };
    await compare(0, 2);
    await inDialog(view).getByText("The messages are equal (3)").waitFor();
    await page.keyboard.press("Escape");
    await view.press("History");
    await compare(1, 2);
    expect(await inDialog(view).getByRole("row").allInnerTexts()).toEqual([
      expect.stringContaining("Path"),
      ...[1, 2, 3].map((n) => expect.stringMatching(new RegExp(`^${n}\\s+text\\s+"a ${n}" "b ${n}"`))),
      expect.stringMatching(/^4\s+\$\s+\{"text":"b 4","count":4\}/),
    ]);
    await inDialog(view).getByRole("tab", { name: "As text" }).click();
    await vi.waitFor(async () => {
      expect(await textOf(inDialog(view).locator("pre"))).toMatch(/- {3}"text": "a 1",\n\+ {3}"text": "b 1",\n {4}"count": 1/);
    });
    await isUnharmed(view);
  });

  test("the keyboard alone saves a request, finds it in the palette, and switches environments", async () => {
    await using view = await open("Say");
    const { page } = view;
    await page.getByLabel(/^text/).fill("kept");
    await page.keyboard.press("Control+s");
    await inDialog(view).waitFor();
    await page.keyboard.press("Control+a");
    await page.keyboard.type(attack);
    await page.keyboard.press("Enter");
    // The focus is back in the field.
    await vi.waitFor(async () => expect(await page.evaluate("document.activeElement.value")).toBe("kept"));
    await page.getByRole("link", { name: "Echo" }).click();
    const pick = async (query: string) => {
      await page.keyboard.press("Control+k");
      await inDialog(view).waitFor();
      await page.keyboard.type(query);
      await page.keyboard.press("Enter");
      await inDialog(view).waitFor({ state: "detached" });
    };
    await pick("onerror");
    await page.getByRole("heading", { level: 1, name: /^Say/ }).waitFor();
    expect(await page.getByLabel(/^text/).inputValue()).toBe("kept");
    await pick("dark theme");
    await page.locator("html[data-theme=dark]").waitFor();
    await pick("repeat");
    await page.getByRole("heading", { level: 1, name: /^Repeat/ }).waitFor();
    await pick("中文");
    await page.getByRole("button", { name: "调用", exact: true }).waitFor();
    await pick("english");
    await page.getByRole("button", { name: "Call", exact: true }).waitFor();
    await page.getByRole("main").focus();
    await page.keyboard.press("?");
    await inDialog(view).getByText("Ctrl+K").waitFor();
    await inDialog(view).getByRole("checkbox").uncheck();
    await page.keyboard.press("Escape");
    await page.getByRole("main").focus();
    await page.keyboard.press("?");
    expect(await inDialog(view).count()).toBe(0);
    await isUnharmed(view);
  });

  test.each([
    { name: "light", colorScheme: "light", locale: "en-US", width: 1280 },
    { name: "dark, in Chinese, on a phone", colorScheme: "dark", locale: "zh-CN", width: 390 },
  ] as const)("$name, no dialog violates WCAG 2.2 AA or is wider than the screen", async ({ name: _, ...look }) => {
    await using view = await open("Say", { height: 800, ...look });
    const { page } = view;
    for (const text of ["a", "b"]) {
      await page.getByLabel(/^text/).fill(text);
      await page.keyboard.press("Control+Enter");
      await page.getByText(`"said ${text}"`).first().waitFor();
    }
    const isFine = async () => {
      expect(await violations(page, "dialog")).toEqual([]);
      expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
      expect(await inDialog(view).evaluate((element) => element.scrollWidth - element.clientWidth)).toBeLessThanOrEqual(0);
    };
    const close = async () => {
      await page.keyboard.press("Escape");
      await inDialog(view).waitFor({ state: "detached" });
    };
    await page.getByRole("button", { name: /^(?:Environments|环境变量)$/ }).click();
    await inDialog(view)
      .getByRole("button", { name: /^(?:Add an environment|添加环境)$/ })
      .click();
    for (let count = 0; count < 2; count++)
      await inDialog(view)
        .getByRole("button", { name: /^(?:Add a variable|添加变量)$/ })
        .click();
    for (const field of await inDialog(view)
      .getByLabel(/^(?:Variable|变量)$/)
      .all())
      await field.fill("a b");
    await isFine();
    await close();
    for (const name of [/^(?:Save|保存)$/, /^(?:Share|分享)$/, /^(?:Copy as|复制为)$/, /^(?:Find|查找)/, /^(?:Shortcuts|快捷键)$/]) {
      await page.getByRole("button", { name }).click();
      await inDialog(view).waitFor();
      await isFine();
      await close();
    }
    await page.getByRole("button", { name: /^(?:History|历史)$/ }).click();
    await inDialog(view).getByRole("checkbox").nth(1).waitFor();
    await isFine();
    for (const index of [0, 1]) await inDialog(view).getByRole("checkbox").nth(index).check();
    await inDialog(view)
      .getByRole("button", { name: /^(?:Compare answers|比较响应)$/ })
      .click();
    await inDialog(view).getByRole("row").nth(1).waitFor();
    await isFine();
    await inDialog(view).getByRole("tab").last().click();
    await isFine();
    expect(view.errors).toEqual([]);
  });
});
