// A guide of the documentation as an empty project. A reader writes its files, runs its programs and
// types its commands, in the order of the page.
import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { project, run } from "../src/install.ts";

export const bin = fileURLToPath(new URL("../node_modules/.bin", import.meta.url));
export const tsc = fileURLToPath(new URL("../../../node_modules/typescript/bin/tsc", import.meta.url));

export interface Block {
  readonly language: string;
  readonly marks: readonly string[];
  readonly file: string | undefined;
  readonly text: string;
}

/** The text of `docs/<page>.md`. */
export const markdownOf = (page: string): string => readFileSync(new URL(`../../../docs/${page}.md`, import.meta.url), "utf8");

/** The blocks of a page, without those that its tests cannot run. */
export function blocksOf(markdown: string): Block[] {
  const blocks = markdown.matchAll(/(<!-- untested: .+ -->\n+)?^```(\w+)((?: \w+)*)(?: \[([^\]]+)\])?\n([\s\S]*?)^```$/gm);
  return [...blocks].flatMap(([, untested, language = "", marks = "", file, text = ""]) =>
    untested === undefined ? [{ language, marks: marks.trim().split(" "), file, text }] : [],
  );
}

/** The page and those that it continues, the first one first. */
export function chainOf(page: string): string[] {
  const before = /^<!-- continues: (\S+) -->$/m.exec(markdownOf(page))?.[1];
  return [...(before === undefined ? [] : chainOf(before)), page];
}

/** The packages that the pages of a chain tell a reader to install. */
export function installedBy(chain: readonly string[]): string[] {
  const lines = chain.flatMap((page) => [...markdownOf(page).matchAll(/\bnpm install ([^\n`]+)/g)].map(([, names = ""]) => names));
  return lines.flatMap((names) => names.split(" ")).filter((name) => /^@?[a-z]/.test(name));
}

/** The packages that the TypeScript of some pages imports. */
export function importedBy(chain: readonly string[]): string[] {
  const texts = chain.flatMap((page) => blocksOf(markdownOf(page))).filter(({ language }) => language === "ts");
  const specifiers = texts.flatMap(({ text }) => [...text.matchAll(/(?:\bfrom |^import |\bimport\()"([^".][^"]*)"/gm)]);
  const names = specifiers.map(([, specifier = ""]) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? "");
  return [...new Set(names)].filter((name) => !name.startsWith("node:"));
}

/** The commands of a block, each with its output. */
export function commandsOf(text: string): (readonly [line: string, printed: string])[] {
  const commands = text.split(/^\$ /m).slice(1);
  return commands.map((one) => [one.slice(0, one.indexOf("\n")), one.slice(one.indexOf("\n") + 1)] as const);
}

/** A folder with the files of a page and of those that it continues, and its running commands. */
export class GuideProject implements AsyncDisposable {
  readonly folder: string;
  readonly #ports: ReadonlyMap<string, number>;
  readonly #node: string;
  readonly #running: ChildProcess[] = [];

  /**
   * @param modules the `node_modules` to use.
   * @param node the path of Node.
   */
  static async create(page: string, modules: string, node: string): Promise<GuideProject> {
    const pages = chainOf(page).map(markdownOf);
    const ports = new Map<string, number>();
    for (const [, port = ""] of pages.join("\n").matchAll(local)) if (!ports.has(port)) ports.set(port, await freePort());
    const created = new GuideProject(await project(), ports, node);
    await symlink(modules, join(created.folder, "node_modules"), "junction");
    for (const { marks, file, text } of pages.slice(0, -1).flatMap(blocksOf)) {
      if (file !== undefined && !marks.includes("run")) await created.write(file, text);
    }
    return created;
  }

  private constructor(folder: string, ports: ReadonlyMap<string, number>, node: string) {
    this.folder = folder;
    this.#ports = ports;
    this.#node = node;
  }

  /** Replaces the ports of the page by free ones. */
  withPorts(text: string): string {
    return text.replaceAll(local, (all, port: string) => all.replace(port, `${this.#ports.get(port) ?? port}`));
  }

  async write(file: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.folder, file)), { recursive: true });
    await writeFile(join(this.folder, file), this.withPorts(text));
  }

  /** @returns the output of a command. */
  async command(line: string): Promise<string> {
    return run("bash", ["-c", this.#line(line)], this.folder, this.#environment());
  }

  /** Starts a command, and waits until it has printed these lines, or listens on a port that its file names. */
  async start(line: string, printed: string): Promise<ChildProcess> {
    const env = { ...process.env, NODE_OPTIONS: "", ...this.#environment() };
    const child = spawn("bash", ["-c", `exec ${this.#line(line)}`], { cwd: this.folder, env, stdio: ["ignore", "pipe", "inherit"] });
    this.#running.push(child);
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    const expected = this.withPorts(printed);
    const file = /\bnode (\S+\.ts)/.exec(line)?.[1];
    const text = file === undefined ? "" : readFileSync(join(this.folder, file), "utf8");
    const port = Number(/\bport: (\d{4,5})/.exec(text)?.[1]);
    while (!output.includes(expected) || (expected === "" && port > 0 && !(await isOpen(port)))) {
      if (hasEnded(child)) throw new Error(`${line} ended with ${child.exitCode ?? child.signalCode}, and printed ${output}`);
      await setTimeout(50);
    }
    return child;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running) if (!hasEnded(child) && child.kill("SIGKILL")) await once(child, "exit");
    await rm(this.folder, { recursive: true, force: true });
  }

  #environment(): NodeJS.ProcessEnv {
    return { PATH: [dirname(this.#node), bin, process.env["PATH"]].join(delimiter) };
  }

  #line(line: string): string {
    return this.withPorts(line).replaceAll(/\bnpx /g, "");
  }
}

/** A port of a page: of an address on this machine, or the property `port`. */
const local = /(?:\b(?:localhost|127\.0\.0\.1):|\bport: |--\w+ )(\d{4,5})\b/g;

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;

/**
 * Returns a port on which nothing listens, below those that systems assign to connections and to
 * servers on port 0.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer().listen(randomInt(10_000, 30_000), "127.0.0.1");
    try {
      await once(server, "listening");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
      continue;
    }
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    return port;
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}
