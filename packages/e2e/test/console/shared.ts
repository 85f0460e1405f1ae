// One Chromium for all tests of the console: starting one takes as long as several tests.
import type { Browser } from "playwright-core";
import { describe, type TestOptions } from "vitest";
import { startBrowser } from "../browser/chromium.ts";

const { browser, missing } = await startBrowser();

/** Tests that need the browser. */
export function inChromium(name: string, options: TestOptions, tests: () => void): void {
  describe.skipIf(missing)(missing === undefined ? name : `${name}: ${missing}`, options, tests);
}

/** @throws Error outside of `inChromium`. */
export function theBrowser(): Browser {
  if (browser === undefined) throw new Error(missing);
  return browser;
}

export async function closeBrowser(): Promise<void> {
  await browser?.close();
}
