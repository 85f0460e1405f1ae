// @grpc-study/console: the files of the console, for the gateway that serves them.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** A file of the console, uncompressed and compressed. */
export interface ConsoleFile {
  /** The media type. */
  readonly type: string;
  /** Identifies the content, without quotes. */
  readonly etag: string;
  readonly identity: Uint8Array;
  /** Compressed by brotli. */
  readonly br: Uint8Array;
  /** Compressed by gzip. */
  readonly gzip: Uint8Array;
  /** Whether the name contains a hash of the content, so that clients may keep it forever. */
  readonly immutable: boolean;
}

const types: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

/** The same folder for the source and for the build. */
const folder = fileURLToPath(new URL("../dist/app/", import.meta.url));

/**
 * Reads the files by their paths, such as `index.html` and `assets/index-C0ffee.js`.
 *
 * @throws the error of node:fs if the package is not built.
 */
export function consoleFiles(): ReadonlyMap<string, ConsoleFile> {
  const files = new Map<string, ConsoleFile>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const type = types[entry.name.slice(entry.name.lastIndexOf(".") + 1)];
    if (!entry.isFile() || type === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    const identity = readFileSync(path);
    const name = relative(folder, path).split(sep).join("/");
    const etag = createHash("sha256").update(identity).digest("base64url").slice(0, 22);
    const [br, gzip] = [readFileSync(`${path}.br`), readFileSync(`${path}.gz`)];
    files.set(name, { type, etag, identity, br, gzip, immutable: name.startsWith("assets/") });
  }
  return files;
}
