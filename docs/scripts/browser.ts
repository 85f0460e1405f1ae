// Starts Chromium: that of the npm package, or an installed one.
import { existsSync } from "node:fs";
import systemless from "@sparticuz/chromium";
import { type Browser, chromium } from "playwright-core";

const system = ["/usr/bin/chromium", "/usr/bin/google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"].find(
  (path) => existsSync(path),
);
/**
 * The npm package has a browser for Linux on x64. Other systems use an installed browser, if there
 * is one.
 */
const fromPackage = process.platform === "linux" && process.arch === "x64";

/** With a single process, closing a page would end the browser. */
const packageArgs = systemless.args.filter((arg) => !["--single-process", "--no-zygote"].includes(arg));

export const hasBrowser = fromPackage || system !== undefined;

export async function startBrowser(): Promise<Browser> {
  return fromPackage
    ? await chromium.launch({ executablePath: await systemless.executablePath(), args: packageArgs })
    : await chromium.launch(system === undefined ? {} : { executablePath: system });
}
