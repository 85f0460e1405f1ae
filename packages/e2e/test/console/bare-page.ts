// A page that Playwright does not observe: it would get each frame of a WebSocket as an event of its own, which
// slows a stream of 100,000 messages down to minutes.
import type { CDPSession } from "playwright-core";
import { theBrowser } from "./shared.ts";

interface Answer {
  readonly id?: number;
  readonly result?: { readonly result: { readonly value?: unknown }; readonly exceptionDetails?: unknown };
  readonly error?: unknown;
}

export class BarePage implements AsyncDisposable {
  readonly #browser: CDPSession;
  readonly #context: string;
  readonly #session: string;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #nextId = 1;

  private constructor(browser: CDPSession, context: string, session: string) {
    this.#browser = browser;
    this.#context = context;
    this.#session = session;
    browser.on("Target.receivedMessageFromTarget", ({ message }) => {
      const answer = JSON.parse(message) as Answer;
      if (answer.id !== undefined) this.#waiting.get(answer.id)?.(answer);
    });
  }

  static async open(url: string): Promise<BarePage> {
    const session = await theBrowser().newBrowserCDPSession();
    const { browserContextId } = await session.send("Target.createBrowserContext");
    const { targetId } = await session.send("Target.createTarget", { url, browserContextId, width: 1280, height: 900 });
    const { sessionId } = await session.send("Target.attachToTarget", { targetId, flatten: false });
    return new BarePage(session, browserContextId, sessionId);
  }

  /** The value of an expression, which may be a promise. */
  async evaluate(expression: string): Promise<unknown> {
    const id = this.#nextId++;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    const params = { expression, awaitPromise: true, returnByValue: true };
    const message = JSON.stringify({ id, method: "Runtime.evaluate", params });
    await this.#browser.send("Target.sendMessageToTarget", { sessionId: this.#session, message });
    const { result, error } = await answered;
    this.#waiting.delete(id);
    if (result === undefined || result.exceptionDetails !== undefined) throw new Error(JSON.stringify(result?.exceptionDetails ?? error));
    return result.result.value;
  }

  async [Symbol.asyncDispose]() {
    await this.#browser.send("Target.disposeBrowserContext", { browserContextId: this.#context });
    await this.#browser.detach();
  }
}
