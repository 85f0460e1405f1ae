// Where the examples of READMEs and of the documentation run as they stand there. TypeScript is a program that runs to its end, and what comes
// after `// ` behind a console.log is what that prints. A console's commands print what is below them.
//
// Two things differ, so that nothing of the machine is in the way. The tutorials' servers listen on ports of the system's choice, and
// `localhost:8083` in an example is the address of the one with that port; ports that an example serves on are replaced by free ones. And
// `npx -y pnpm@12 client` is what it becomes once all is built: the command of that package.
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

/** Ports by those of the tutorials. */
type Ports = ReadonlyMap<string, string>;

const topicPorts = { chat: 8972, "hello-stream": 10001, helloworld: 50051, hello: 9090, streams: 8000, shop: 8083, push: 50052 };

const portOf = (address: string) => address.split(":").at(-1) ?? "";

/** Servers of all tutorials, and a folder for those who call them; ends with what it is deferred to. */
export async function startTutorials(started: AsyncDisposableStack): Promise<{ readonly folder: string; readonly ports: Ports }> {
  // Within the package, so that the imports are found.
  const folder = await mkdtemp(join(e2eFolder, ".examples-"));
  started.defer(() => rm(folder, { recursive: true }));
  const certs = process.env["GRPC_STUDY_CERTS"] ?? "";
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
  /** What runs on while the text goes on. */
  readonly #running = new AsyncDisposableStack();

  /** Makes the folder, with the certificates of the tests. */
  static async open(folder: string, ports: Ports): Promise<Workplace> {
    await mkdir(folder, { recursive: true });
    await symlink(process.env["GRPC_STUDY_CERTS"] ?? "", join(folder, "certs"));
    return new Workplace(folder, ports);
  }

  private constructor(folder: string, ports: Ports) {
    this.folder = folder;
    this.#ports = ports;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#running.disposeAsync();
  }

  /** Puts the ports of this machine in place of those of the text. */
  here(text: string): string {
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
    await writeFile(path, this.here(text));
  }

  /** Runs a program that has been written. One that serves HTTP answers as its comments say; any other runs to its end. */
  async runProgram(file: string, text: string): Promise<void> {
    expect(text, "a program imports what it uses").toMatch(/^import |\bfetch\(|\bnew WebSocket\(/m);
    if (/\.listen\(\{/.test(text)) {
      await using server = new Process(process.execPath, [file], { cwd: this.folder });
      const address = await this.#listens(server, text);
      for (const [, path = "", body] of text.matchAll(/^\/\/ GET (\S+) {2,}(.+)$/gm)) {
        expect(await (await fetch(`http://${address}${path}`)).text()).toBe(body);
      }
      return;
    }
    const printed = [...text.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, line]) => `${line}\n`).join("");
    expect(await run(process.execPath, [file], { cwd: this.folder })).toEqual({ status: 0, stdout: this.here(printed), stderr: "" });
  }

  /** Runs a command of a console, and looks at what it prints. */
  async runCommand(command: string, printed: string): Promise<void> {
    await this.#bringExamples(command);
    const { stdout, ...outcome } = await run("bash", ["-c", this.#built(command)], { cwd: this.folder });
    // A body that curl prints may have no end of line.
    const ended = (text: string) => (/\bcurl\b/.test(command) ? text.trimEnd() : text);
    expect({ ...outcome, stdout: ended(stdout) }, outcome.stderr).toEqual(
      expect.objectContaining({ status: 0, stdout: ended(this.here(printed)) }),
    );
  }

  /** Starts a command that does not end by itself, and waits until it has printed what it should; columns are as wide as their content. */
  async keepRunning(command: string, printed: string): Promise<void> {
    await this.#bringExamples(command);
    const process = this.#running.use(new Process("bash", ["-c", this.#built(command, "exec ")], { cwd: this.folder }));
    const lines = this.here(printed).split("\n").filter(Boolean);
    try {
      for (const line of lines) await process.stdout.line((one) => narrow(one) === narrow(line));
    } catch (cause) {
      throw new Error(`${command} has ended after ${process.stdout.text}: ${process.stderr.text}`, { cause });
    }
    const file = /\bnode (\S+\.ts)/.exec(command)?.[1];
    if (lines.length === 0 && file !== undefined) await this.#listens(process, await readFile(join(this.folder, file), "utf8"));
  }

  /** Resolves with the address that a program listens on, once it does. */
  async #listens(process: Process, text: string): Promise<string> {
    const port = [...this.here(text).matchAll(listened)].map((match) => match.slice(1).find(Boolean))[0] ?? "";
    const ended = process.exit.then(() => Promise.reject(new Error(`it has ended: ${process.stderr.text}`)));
    ended.catch(() => {});
    await Promise.race([ended, expect.poll(() => connects(Number(port)), { timeout: 20_000 }).toBe(true)]);
    return `localhost:${port}`;
  }

  /** Copies the folders of examples that a command names. */
  async #bringExamples(command: string): Promise<void> {
    for (const [path = ""] of command.matchAll(/\bexamples\/[\w/-]+\.ts\b/g)) {
      await this.write(path, await readFile(join(repository, path), "utf8"));
    }
  }

  /** The command that is run instead of `npx -y pnpm@12 …`: the same, once all is built. */
  #built(command: string, before = ""): string {
    const node = JSON.stringify(process.execPath);
    const mains: Readonly<Record<string, string>> = {
      client: `${node} ${clientMain}`,
      start: `${node} ${startMain}`,
      certs: `${node} ${serverMain} certs`,
      gateway: `${node} ${gatewayMain}`,
    };
    const line = this.here(command)
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

const listened = /\blisten\b[^\n]*?:(\d{4,5})\b|\bport: (\d{4,5})|\bport = "(\d{4,5})"|--port (\d{4,5})|--listen \S*?:(\d{4,5})/g;

/** Ports that a text listens on itself, each with a free one. */
export async function ownPorts(text: string): Promise<Map<string, string>> {
  const ports = new Set([...text.matchAll(listened)].map((match) => match.slice(1).find(Boolean) ?? ""));
  const free = new Map<string, string>();
  for (const port of ports) free.set(port, `${await closedPort()}`);
  return free;
}

/** The commands of a console, each with what it prints. */
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

/** Node runs TypeScript from 22.18, but `using` from 24 only; bash is what the commands are written for. */
export const cannotRun = Number(process.versions.node.split(".")[0]) < 24 || process.platform === "win32";
