// Runs a process under attack, and checks its memory, its streams and its other peers.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { ServerOptions } from "../../src/index.ts";
import type { Attacked } from "./client-process.ts";
import type { Condition } from "./condition.ts";

/** The maximum memory growth of a process after an attack, in MiB. */
const tolerance = 12;

export class Process implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(program: string, ...args: readonly string[]) {
    const path = fileURLToPath(new URL(program, import.meta.url));
    const child = spawn(process.execPath, ["--expose-gc", "--max-old-space-size=384", path, ...args], {
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    });
    if (child.stdout === null) throw new Error("the process has no output");
    child.setMaxListeners(100);
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`the process ended with ${this.#child.exitCode ?? this.#child.signalCode}`);
    return value;
  }

  send(message: Attacked | "condition"): void {
    this.#child.send(message);
  }

  onMessage(listener: (message: object) => void): void {
    this.#child.on("message", listener);
  }

  condition(): Promise<Condition> {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const ended = () => reject(new Error(`the process ended with ${child.exitCode ?? child.signalCode}`));
      const take = (message: object) => {
        if (!("heldMib" in message)) return;
        child.off("message", take).off("exit", ended);
        resolve(message as Condition);
      };
      child.on("message", take).once("exit", ended);
      this.send("condition");
    });
  }

  /** Waits until the condition holds. Returns the last condition. */
  async settled(holds: (now: Condition) => boolean): Promise<Condition> {
    for (const end = Date.now() + 5_000; ; ) {
      const now = await this.condition();
      if (holds(now) || Date.now() > end) return now;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }
}

export class AttackedServer implements AsyncDisposable {
  readonly port: number;
  readonly process: Process;
  /** A node:http2 client that connected before the attack and makes calls throughout. */
  readonly #bystander: ClientHttp2Session;
  readonly #before: Condition;

  private constructor(process: Process, port: number, bystander: ClientHttp2Session, before: Condition) {
    this.process = process;
    this.port = port;
    this.#bystander = bystander;
    this.#before = before;
  }

  static async start(options: Omit<Partial<ServerOptions>, "onStream"> = {}): Promise<AttackedServer> {
    const started = new Process("server-process.ts", JSON.stringify(options));
    const port = Number(await started.line());
    const bystander = connect(`http://127.0.0.1:${port}`);
    bystander.on("error", () => {});
    for (let calls = 0; calls < 20; calls++) await call(bystander);
    return new AttackedServer(started, port, bystander, await started.condition());
  }

  /**
   * Makes a call from the bystander during an attack. Returns its duration in milliseconds.
   */
  async serves(): Promise<number> {
    const start = performance.now();
    expect(await call(this.#bystander)).toBe("hello");
    return performance.now() - start;
  }

  /** Returns the memory growth since before the attack, in MiB. */
  async held(): Promise<number> {
    return (await this.process.condition()).heldMib - this.#before.heldMib;
  }

  /**
   * Call this after the attack: checks that the bystander and a new client are served, and that the
   * attack has left nothing behind.
   * @param attackers the minimum number of connections that ended with ENHANCE_YOUR_CALM.
   */
  async unharmed(attackers = 0): Promise<void> {
    await this.serves();
    const newcomer = connect(`http://127.0.0.1:${this.port}`);
    newcomer.on("error", () => {});
    expect(await call(newcomer)).toBe("hello");
    newcomer.destroy();
    const { connections, sockets, timers, heldMib } = this.#before;
    const now = await this.process.settled(
      (now) =>
        now.connections <= connections &&
        now.streams === 0 &&
        now.calmed >= attackers &&
        now.sockets <= sockets &&
        now.timers <= timers &&
        now.heldMib - heldMib < tolerance,
    );
    expect(now.thrown).toEqual([]);
    expect(now.calmed, "disconnected attackers").toBeGreaterThanOrEqual(attackers);
    expect(now.connections, "connections").toBeLessThanOrEqual(connections);
    expect(now.streams, "streams").toBe(0);
    expect(now.sockets, "sockets").toBeLessThanOrEqual(sockets);
    expect(now.timers, "timers").toBeLessThanOrEqual(timers);
    expect(now.heldMib - heldMib, "MiB more than before").toBeLessThan(tolerance);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#bystander.destroy();
    await this.process[Symbol.asyncDispose]();
  }
}

export class AttackedClient implements AsyncDisposable {
  readonly process = new Process("client-process.ts");

  /**
   * Connects the process to a hostile server. Returns a function that waits for the next report
   * about that connection.
   */
  connect(port: number, upload = false): () => Promise<string> {
    const texts: string[] = [];
    let wake = () => {};
    this.process.onMessage((message) => {
      if (!("text" in message && "port" in message && message.port === port)) return;
      texts.push(String(message.text));
      wake();
    });
    this.process.send({ port, upload });
    return async () => {
      while (texts.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return texts.shift() ?? "";
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.process[Symbol.asyncDispose]();
  }
}

/** Makes a call with a small body. Returns the response body. */
async function call(session: ClientHttp2Session): Promise<string> {
  const stream = session.request({ ":method": "POST", ":path": "/echo" });
  stream.setTimeout(8_000, () => stream.destroy(new Error("the bystander's call takes more than 8 seconds")));
  stream.end("hello");
  let body = "";
  for await (const part of stream) body += part;
  return body;
}
