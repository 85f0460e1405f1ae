// The console in a page of the browser: what a reader finds and does.
import type { Locator, Page } from "playwright-core";
import { theBrowser } from "./shared.ts";

export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly locale?: string;
  readonly colorScheme?: "light" | "dark";
}

/** The page of the console. Names are those that assistive technology reads. */
export class ConsolePage implements AsyncDisposable {
  readonly page: Page;
  /** Errors of the page: exceptions, the policy, failed requests of files. */
  readonly errors: string[] = [];
  /** The requests to other origins. */
  readonly foreign: string[] = [];

  private constructor(page: Page, origin: string) {
    this.page = page;
    page.on("pageerror", (error) => this.errors.push(String(error)));
    page.on("console", (message) => {
      // A failed call is one, too, and is shown by the page.
      if (message.type() === "error" && !/Failed to load resource/.test(message.text())) this.errors.push(message.text());
    });
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(origin) && !/^(?:data|blob):/.test(url)) this.foreign.push(url);
    });
  }

  /** Opens the console of a gateway, at a method if one is given. */
  static async open(url: string, method = "", options: PageOptions = {}): Promise<ConsolePage> {
    const { width = 1280, height = 900, locale = "en-US", colorScheme = "light" } = options;
    const context = await theBrowser().newContext({ viewport: { width, height }, locale, colorScheme });
    const page = await context.newPage();
    const opened = new ConsolePage(page, url);
    await page.goto(`${url}/console/#/${method}`);
    await page.getByRole("main").locator("h1").waitFor();
    return opened;
  }

  async [Symbol.asyncDispose]() {
    await this.page.context().close();
  }

  get request(): Locator {
    return this.page.getByRole("region", { name: "Request" });
  }

  get response(): Locator {
    return this.page.getByRole("region", { name: "Response" });
  }

  /** The status of the call. */
  get status(): Locator {
    return this.response.getByRole("status");
  }

  async press(name: string): Promise<void> {
    await this.page.getByRole("button", { name, exact: true }).click();
  }

  async openTab(region: Locator, name: string | RegExp): Promise<void> {
    await region.getByRole("tab", { name }).first().click();
  }

  /** Replaces the request by a text in the JSON editor. */
  async write(text: string): Promise<void> {
    await this.openTab(this.request, "JSON");
    const editor = this.request.getByRole("textbox", { name: /Request in JSON/ });
    // By keys, as a reader does: CodeMirror learns of a selection that a script makes only later.
    await editor.press("ControlOrMeta+a");
    await this.page.keyboard.insertText(text);
  }

  /** The text of the whole response. */
  responseText(): Promise<string> {
    return textOf(this.response);
  }
}

/** The visible text of an element. */
export async function textOf(locator: Locator): Promise<string> {
  return (await locator.allInnerTexts()).join("\n");
}
