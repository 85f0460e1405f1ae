// Starts Chromium: an installed one, or that of the npm package @sparticuz/chromium.
import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { readFile, rename } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";
import { type Browser, chromium } from "playwright-core";

/** The browser, or why it cannot start. */
export type Started = { readonly browser: Browser; readonly missing?: never } | { readonly browser?: never; readonly missing: string };

/**
 * Needed in containers, which run as root. The arguments of the npm package are unsuitable, because
 * they disable CORS.
 */
const args = ["--no-sandbox", "--disable-gpu"];

const installed = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** Starts a browser. The package has one for Linux on x64. */
export async function startBrowser(): Promise<Started> {
  const reasons: string[] = [];
  const starts = [
    async () => chromium.launch({ executablePath: await unpack(), args }),
    ...installed.filter((path) => existsSync(path)).map((executablePath) => () => chromium.launch({ executablePath, args })),
  ];
  for (const start of starts) {
    try {
      return { browser: await start() };
    } catch (error) {
      reasons.push(String(error).split("\n", 1)[0] ?? "");
    }
  }
  return { missing: `no Chromium starts: ${reasons.join("; ")}` };
}

/**
 * Unpacks the browser of the package, and returns its path. It stays in the folder for temporary
 * files. The package's own function hands out an incomplete file while another process writes it.
 */
async function unpack(): Promise<string> {
  if (process.platform !== "linux" || process.arch !== "x64") throw new Error("@sparticuz/chromium is for Linux on x64");
  const require = createRequire(import.meta.url);
  const folder = join(require.resolve("@sparticuz/chromium"), "../..");
  const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as { version: string };
  const path = join(tmpdir(), `grpc-study-chromium-${version}`);
  if (existsSync(path)) return path;
  const incomplete = `${path}-${process.pid}`;
  const packed = createReadStream(join(folder, "bin/chromium.br"));
  await pipeline(packed, createBrotliDecompress(), createWriteStream(incomplete, { mode: 0o700 }));
  await rename(incomplete, path);
  return path;
}
