// Looks at the built site in a browser: phone and desktop, light and dark, English and Chinese.
// Screenshots go to test/pictures/.
import { mkdir } from "node:fs/promises";
import type { Server } from "node:http";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sections } from "../.vitepress/pages.ts";
import { hasBrowser, startBrowser } from "../scripts/browser.ts";
import { serveSite } from "../scripts/site.ts";

const pictures = fileURLToPath(new URL("pictures/", import.meta.url));

const devices = {
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 1.5, isMobile: true, hasTouch: true },
  desktop: { viewport: { width: 1360, height: 900 }, deviceScaleFactor: 1 },
} as const;

const pages = {
  landing: "/",
  "landing-zh": "/zh/",
  tutorial: "/tutorials/push",
  "tutorial-zh": "/zh/tutorials/push",
  design: "/design/",
  "benchmarks-zh": "/zh/design/benchmarks",
  jwt: "/guides/first-week/jwt",
  "docker-zh": "/zh/guides/first-week/docker",
} as const;

/** Long pages: the test looks only at the top of each on a phone. */
const long: ReadonlySet<string> = new Set(["design", "benchmarks-zh"]);

/** The pages of the ten jobs of the first week, which promise to fit on a screen. */
const jobs = sections
  .flatMap(({ groups }) => groups.flatMap((group) => group.pages))
  .filter(({ path }) => path.startsWith("guides/first-week/") && path !== "guides/first-week/all-in-one")
  .flatMap(({ path }) => [{ path }, { path: `zh/${path}` }]);

describe.skipIf(!hasBrowser)("the site in a browser", () => {
  let browser: Browser;
  let server: Server;
  let address: string;

  beforeAll(async () => {
    await mkdir(pictures, { recursive: true });
    ({ address, server } = await serveSite(0));
    browser = await startBrowser();
  });

  afterAll(async () => {
    await browser.close();
    server.close();
    server.closeAllConnections();
  });

  for (const [device, options] of Object.entries(devices)) {
    for (const [name, path] of Object.entries(pages)) {
      if (long.has(name) && device !== "phone") continue;
      test(`${name} on a ${device}, light and dark`, async () => {
        const context = await browser.newContext({ ...options, colorScheme: "light", reducedMotion: "reduce" });
        const page = await context.newPage();
        const faults: string[] = [];
        page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
        page.on("pageerror", (error) => faults.push(String(error)));
        page.on("requestfailed", (request) => faults.push(`failed: ${request.url()}`));
        page.on("response", (response) => response.status() >= 400 && faults.push(`${response.status()}: ${response.url()}`));
        page.on("request", (request) => {
          if (!request.url().startsWith(address) && !request.url().startsWith("data:")) faults.push(`external: ${request.url()}`);
        });
        await page.goto(`${address}${path}`, { waitUntil: "networkidle" });
        const diagrams = page.locator(".mermaid-diagram");
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme });
          const drawn = diagrams.and(page.locator(`[data-drawn-for=${colorScheme}]`)).locator("> :not(.measure) > svg");
          await expect.poll(() => drawn.count(), { timeout: 20_000 }).toBe(await diagrams.count());
          expect(await cutTexts(page)).toEqual([]);
          await page.screenshot({ path: `${pictures}${name}-${device}-${colorScheme}.png`, fullPage: !long.has(name) });
          expect(await faintTexts(page)).toEqual([]);
        }
        expect(faults).toEqual([]);
        expect(await overflow(page), "the page is wider than the screen").toBe(0);
        await context.close();
      });
    }
  }

  test.each(jobs)("$path fits on a screen of 1,440 × 1,080", async ({ path }) => {
    const page = await browser.newPage({ viewport: { width: 1440, height: 1080 } });
    await page.goto(`${address}/${path}`, { waitUntil: "networkidle" });
    expect(await articleHeight(page)).toBeLessThanOrEqual(1080);
    await page.close();
  });

  test("the search finds Chinese and English words", async () => {
    const page = await browser.newPage({ viewport: devices.desktop.viewport });
    for (const [path, words] of [
      ["/zh/", "拦截器"],
      ["/", "interceptors"],
    ] as const) {
      await page.goto(`${address}${path}`, { waitUntil: "networkidle" });
      await page.locator(".DocSearch-Button").click();
      await page.locator("#localsearch-input").fill(words);
      await expect.poll(() => page.locator(".VPLocalSearchBox .result").count(), { timeout: 20_000 }).toBeGreaterThan(0);
    }
    await page.close();
  });
});

/** From the top of the title to the end of the last line, in pixels. */
const articleHeight = (page: Page) =>
  page.evaluate(() => {
    const title = document.querySelector(".vp-doc h1");
    const last = document.querySelector(".vp-doc > div")?.lastElementChild;
    if (!title || !last) throw new Error("there is no article");
    return last.getBoundingClientRect().bottom - title.getBoundingClientRect().top;
  });

const overflow = (page: Page) =>
  page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth));

/** Returns the diagram texts that overflow the box that was measured for them. */
const cutTexts = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll(".mermaid-diagram > :not(.measure) foreignObject")].flatMap((box) => {
      const content = box.firstElementChild;
      const room = (box as SVGForeignObjectElement).height.baseVal.value + 1;
      return content instanceof HTMLElement && content.offsetHeight > room ? [content.textContent ?? ""] : [];
    }),
  );

/** Returns the texts whose contrast is below WCAG level AA: 4.5, or 3 for large text. */
function faintTexts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    type Colour = readonly [number, number, number, number];
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    if (canvas === null) throw new Error("no canvas");
    const known = new Map<string, Colour>();
    const parse = (css: string): Colour => {
      let colour = known.get(css);
      if (colour === undefined) {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = css;
        canvas.fillRect(0, 0, 1, 1);
        const [r = 0, g = 0, b = 0, a = 0] = canvas.getImageData(0, 0, 1, 1).data;
        colour = [r, g, b, a / 255];
        known.set(css, colour);
      }
      return colour;
    };
    const over = ([r, g, b, a]: Colour, [r2, g2, b2]: Colour): Colour => [
      r * a + r2 * (1 - a),
      g * a + g2 * (1 - a),
      b * a + b2 * (1 - a),
      1,
    ];
    const backgroundOf = (element: Element | null): Colour => {
      if (element === null) return [255, 255, 255, 1];
      const colour = parse(getComputedStyle(element).backgroundColor);
      return colour[3] === 1 ? colour : over(colour, backgroundOf(element.parentElement));
    };
    const luminance = ([r, g, b]: Colour) => {
      const linear = (value: number) => (value <= 10.31 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
      return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    };
    const faint: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement;
      const text = node.textContent?.trim() ?? "";
      if (element === null || text === "" || element.closest("svg, script, style, .visually-hidden") !== null) continue;
      const style = getComputedStyle(element);
      if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || element.getClientRects().length === 0) continue;
      const background = backgroundOf(element);
      const [light = 0, dark = 0] = [luminance(over(parse(style.color), background)), luminance(background)].toSorted((a, b) => b - a);
      const contrast = (light + 0.05) / (dark + 0.05);
      const size = Number.parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (contrast < (large ? 3 : 4.5))
        faint.push(`${contrast.toFixed(2)}: ${text.slice(0, 40)} (${element.tagName}.${element.className})`);
    }
    return [...new Set(faint)];
  });
}
