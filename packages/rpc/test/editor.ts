// Reads the hover texts of an editor from TypeScript's language server, over the Language Server
// Protocol.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const packageFolder = fileURLToPath(new URL("..", import.meta.url));
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");

/** A file that is open in an editor. It need not exist on disk. */
export class Editor implements Disposable {
  readonly #server: ChildProcessWithoutNullStreams;
  readonly #answers = new Map<number, (result: unknown) => void>();
  readonly #uri: string;
  readonly #text: string;
  #received = Buffer.alloc(0);
  #id = 0;

  /** @param path relative to the package. */
  static async open(path: string, text: string): Promise<Editor> {
    const editor = new Editor(path, text);
    const rootUri = pathToFileURL(packageFolder).href;
    await editor.#ask("initialize", {
      processId: process.pid,
      rootUri,
      workspaceFolders: [{ uri: rootUri, name: "rpc" }],
      capabilities: { textDocument: { hover: { contentFormat: ["plaintext"] } } },
    });
    editor.#send({ method: "initialized", params: {} });
    editor.#send({
      method: "textDocument/didOpen",
      params: { textDocument: { uri: editor.#uri, languageId: "typescript", version: 1, text } },
    });
    return editor;
  }

  private constructor(path: string, text: string) {
    this.#uri = pathToFileURL(join(packageFolder, path)).href;
    this.#text = text;
    this.#server = spawn(process.execPath, [tsc, "--lsp", "--stdio"], { cwd: packageFolder });
    this.#server.stdout.on("data", (data: Buffer) => this.#receive(data));
    this.#server.stderr.resume();
  }

  /** Returns the hover text at the first occurrence of `name`. */
  async hover(name: string): Promise<string> {
    const index = this.#text.indexOf(name);
    if (index < 0) throw new Error(`the file has no ${name}`);
    const before = this.#text.slice(0, index).split("\n");
    const position = { line: before.length - 1, character: before.at(-1)?.length ?? 0 };
    const result = await this.#ask("textDocument/hover", { textDocument: { uri: this.#uri }, position });
    return (result as { contents?: { value?: string } } | null)?.contents?.value ?? "";
  }

  [Symbol.dispose](): void {
    this.#server.kill();
  }

  #ask(method: string, params: object): Promise<unknown> {
    const id = ++this.#id;
    this.#send({ id, method, params });
    return new Promise((resolve) => this.#answers.set(id, resolve));
  }

  #send(message: object): void {
    const body = JSON.stringify({ jsonrpc: "2.0", ...message });
    this.#server.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  #receive(data: Buffer): void {
    this.#received = Buffer.concat([this.#received, data]);
    for (;;) {
      const end = this.#received.indexOf("\r\n\r\n");
      const length = Number(/Content-Length: (\d+)/i.exec(this.#received.toString("latin1", 0, Math.max(end, 0)))?.[1]);
      if (end < 0 || this.#received.length < end + 4 + length) return;
      const message = JSON.parse(this.#received.toString("utf8", end + 4, end + 4 + length));
      this.#received = this.#received.subarray(end + 4 + length);
      // The requests of the server need a response too.
      if (message.method !== undefined && message.id !== undefined) this.#send({ id: message.id, result: null });
      else if (message.id !== undefined) this.#answers.get(message.id)?.(message.result ?? message.error);
    }
  }
}
