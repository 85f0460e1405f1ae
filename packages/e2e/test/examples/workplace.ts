// Runs the examples of the READMEs and of the documentation as written. A TypeScript example is a
// program that runs to its end; the text after `// ` on a console.log line is its output. A console
// example lists commands, each followed by its output.
//
// Two things differ, so that the examples cannot collide with other processes. First, servers
// listen on free ports: the addresses of the tutorials' servers are replaced, and so are the ports
// that an example itself listens on. Second, `npx -y pnpm@12 client` runs the built command of the
// client package directly.
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { expect } from "vitest";
import { startShop } from "../gateway/gateways.ts";
import { addressOf } from "../harness/address-of.ts";
import { clientMain, e2eFolder, gatewayMain, repository, serverMain, startMain } from "../harness/paths.ts";
import { closedPort } from "../harness/ports.ts";
import { Process, run } from "../harness/process.ts";
import { serve } from "../harness/server.ts";

/** Actual ports, by the port of the tutorial. */
type Ports = ReadonlyMap<string, string>;

const topicPorts = { chat: 8972, "hello-stream": 10001, helloworld: 50051, hello: 9090, streams: 8000, shop: 8083, push: 50052 };

const portOf = (address: string) => address.split(":").at(-1) ?? "";

/** The folder of the certificates, which the global setup creates. */
function certificates(): string {
  const folder = process.env["GRPC_STUDY_CERTS"];
  if (folder === undefined) throw new Error("GRPC_STUDY_CERTS is not set: the global setup of the tests sets it");
  return folder;
}

/**
 * Starts the servers of all tutorials and creates a folder for the examples. `started` owns them.
 */
export async function startTutorials(started: AsyncDisposableStack): Promise<{ readonly folder: string; readonly ports: Ports }> {
  // Inside the package, so that imports resolve.
  const folder = await mkdtemp(join(e2eFolder, ".examples-"));
  started.defer(() => rm(folder, { recursive: true }));
  const certs = certificates();
  const ports = new Map<string, string>();
  for (const topic of ["chat", "helloworld", "hello-stream", "streams", "push"] as const) {
    ports.set(`${topicPorts[topic]}`, portOf(addressOf(topic)));
  }
  const [hello, shop] = await Promise.all([serve("hello"), startShop(certs)]);
  started.use(hello);
  started.use(shop);
  const rows = (text: string) => [...text.matchAll(/^(?:hello|shop) +(\S+:\d+)/gm)].map(([, address = ""]) => portOf(address));
  for (const [topic, text] of [
    [[9090, 9091, 9092, 9093], hello.stdout.text],
    [[8083, 10086, 9468], shop.stdout.text],
  ] as const) {
    for (const [index, port] of topic.entries()) ports.set(`${port}`, rows(text)[index] ?? "");
  }
  return { folder, ports };
}

const bins = [dirname(process.execPath), join(e2eFolder, "node_modules/.bin"), join(repository, "node_modules/.bin")].join(delimiter);

export class Workplace {
  readonly folder: string;
  readonly #ports: Ports;
  /** Processes that run until the end of the page. */
  readonly #running = new AsyncDisposableStack();

  /** Creates the folder, with a link to the certificates of the tests. */
  static async open(folder: string, ports: Ports): Promise<Workplace> {
    await mkdir(folder, { recursive: true });
    await symlink(certificates(), join(folder, "certs"));
    return new Workplace(folder, ports);
  }

  private constructor(folder: string, ports: Ports) {
    this.folder = folder;
    this.#ports = ports;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#running.disposeAsync();
  }

  /** Replaces the ports in a text by the actual ones. */
  withActualPorts(text: string): string {
    const local = (port: string) => this.#ports.get(port) ?? port;
    return text
      .replaceAll(
        /(\blocalhost|\b127\.0\.0\.1|\b0\.0\.0\.0|\[::1?\]):(\d+)/g,
        (_all, host: string, port: string) => `${host}:${local(port)}`,
      )
      .replaceAll(/(\bport: |\bport = "|--port )(\d+)/g, (_all, name: string, port: string) => `${name}${local(port)}`);
  }

  async write(file: string, text: string): Promise<void> {
    const path = join(this.folder, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, this.withActualPorts(text));
  }

  /**
   * Runs a written program. If it serves HTTP, checks the responses that its comments list.
   * Otherwise runs it to its end and checks its output.
   */
  async runProgram(file: string, text: string): Promise<void> {
    expect(text, "a program imports what it uses").toMatch(/^import |\bfetch\(|\bnew WebSocket\(/m);
    if (/\bgateway\.listen\("[^"]+:[1-9]\d*"\)/.test(text)) {
      await using server = new Process(process.execPath, [file], { cwd: this.folder });
      const address = await this.#listens(server, text);
      for (const [, path = "", body] of text.matchAll(/^\/\/ GET (\S+) {2,}(.+)$/gm)) {
        expect(await (await fetch(`http://${address}${path}`)).text()).toBe(body);
      }
      return;
    }
    const printed = [...text.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, line]) => `${line}\n`).join("");
    expect(await run(process.execPath, [file], { cwd: this.folder })).toEqual({
      status: 0,
      stdout: this.withActualPorts(printed),
      stderr: "",
    });
  }

  /** Runs a console command and checks its output. */
  async runCommand(command: string, printed: string): Promise<void> {
    await this.#bringExamples(command);
    const { stdout, ...outcome } = await run("bash", ["-c", this.#built(command)], { cwd: this.folder });
    // A response body that curl prints may lack a final line break.
    const ended = (text: string) => (/\bcurl\b/.test(command) ? text.trimEnd() : text);
    expect({ ...outcome, stdout: ended(stdout) }, outcome.stderr).toEqual(
      expect.objectContaining({ status: 0, stdout: ended(this.withActualPorts(printed)) }),
    );
  }

  /**
   * Starts a long-running command and waits for the expected output. Ignores column widths, which
   * depend on the content.
   */
  async keepRunning(command: string, printed: string): Promise<void> {
    await this.#bringExamples(command);
    const process = this.#running.use(new Process("bash", ["-c", this.#built(command, "exec ")], { cwd: this.folder }));
    const lines = this.withActualPorts(printed).split("\n").filter(Boolean);
    try {
      for (const line of lines) await process.stdout.line((one) => narrow(one) === narrow(line));
    } catch (cause) {
      throw new Error(`${command} exited early; stdout: ${process.stdout.text}; stderr: ${process.stderr.text}`, { cause });
    }
    const file = /\bnode (\S+\.ts)/.exec(command)?.[1];
    if (lines.length === 0 && file !== undefined) await this.#listens(process, await readFile(join(this.folder, file), "utf8"));
  }

  /** Resolves with the address of a program once it listens. */
  async #listens(process: Process, text: string): Promise<string> {
    const port = [...this.withActualPorts(text).matchAll(listened)].map((match) => match.slice(1).find(Boolean))[0] ?? "";
    const ended = process.exit.then(() => Promise.reject(new Error(`the program exited: ${process.stderr.text}`)));
    ended.catch(() => {});
    await Promise.race([ended, expect.poll(() => connects(Number(port)), { timeout: 20_000 }).toBe(true)]);
    return `localhost:${port}`;
  }

  /** Copies the example files that a command names. */
  async #bringExamples(command: string): Promise<void> {
    for (const [path = ""] of command.matchAll(/\bexamples\/[\w/-]+\.ts\b/g)) {
      await this.write(path, await readFile(join(repository, path), "utf8"));
    }
  }

  /** Replaces `npx -y pnpm@12 …` by the built command that it runs. */
  #built(command: string, before = ""): string {
    const node = JSON.stringify(process.execPath);
    const mains: Readonly<Record<string, string>> = {
      client: `${node} ${clientMain}`,
      start: `${node} ${startMain}`,
      certs: `${node} ${serverMain} certs`,
      gateway: `${node} ${gatewayMain}`,
    };
    const line = this.withActualPorts(command)
      .replaceAll(/\bnpx -y pnpm@12 (client|start|certs|gateway)\b/g, (_all, name: string) => mains[name] ?? "")
      .replaceAll(/\b(npx -y pnpm@12 exec|pnpm exec|npx) /g, "")
      .replace(
        /(client\/dist\/main\.js) (chat|hello-stream|helloworld|hello|shop|streams|push)\b(?!.*--addr)/,
        (all, _main, topic: keyof typeof topicPorts) => `${all} --addr localhost:${this.#ports.get(`${topicPorts[topic]}`)}`,
      );
    return `export PATH=${JSON.stringify(bins)}:"$PATH"\n${before}${line}`;
  }
}

const narrow = (line: string) => line.replaceAll(/ +/g, " ");

const listened =
  /\b(?:listen|bindAsync)\b(?:\(\s*)?[^\n]*?:(\d{4,5})\b|\bport: (\d{4,5})|\bport = "(\d{4,5})"|\bmetrics: "\S*?:(\d{4,5})"|--port (\d{4,5})|--listen \S*?:(\d{4,5})/g;

/** Assigns a free port to each port that a text listens on. */
export async function ownPorts(text: string): Promise<Map<string, string>> {
  const ports = new Set([...text.matchAll(listened)].map((match) => match.slice(1).find(Boolean) ?? ""));
  const free = new Map<string, string>();
  for (const port of ports) free.set(port, `${await closedPort()}`);
  return free;
}

/** Splits a console example into its commands, each with its output. */
export function commandsOf(text: string): (readonly [command: string, printed: string])[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((one) => [one.slice(0, one.indexOf("\n")).replace(/ {2,}# .*$/, ""), one.slice(one.indexOf("\n") + 1)] as const);
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "localhost");
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

/** Node runs TypeScript since 22.18, but supports `using` only since 24. The commands need bash. */
export const cannotRun = Number(process.versions.node.split(".")[0]) < 24 || process.platform === "win32";
