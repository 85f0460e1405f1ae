// Takes the pictures of the guide to the console, from the running console, in both languages.
import { mkdir, writeFile } from "node:fs/promises";
import { createGateway } from "@grpc-study/gateway";
import { Greeter as Chat } from "@grpc-study/proto/chat";
import { Greeter } from "@grpc-study/proto/helloworld";
import { Stream, StreamServer } from "@grpc-study/proto/streams";
import { createServer, implement } from "@grpc-study/rpc";
import type { Page } from "playwright-core";
import { hasBrowser, startBrowser } from "./browser.ts";

const locales = { en: "en-US", zh: "zh-CN" } as const;
const languages = ["en", "zh"] as const;

/** What a picture shows: the part of the URL after `#/`, and what a reader does there. */
const shots: Readonly<Record<string, { readonly at: string; readonly act: (page: Page) => Promise<void> }>> = {
  call: {
    at: `${Greeter.typeName}/SayHello`,
    async act(page) {
      await page.locator("#field-name").fill("Mei");
      await page.keyboard.press("Control+Enter");
      await page.getByText("0 OK").waitFor();
    },
  },
  stream: {
    at: `${Stream.typeName}/Conversations`,
    async act(page) {
      for (const question of ["what", "why", "when"]) {
        await page.locator("#field-question").fill(question);
        await page.keyboard.press("Control+Enter");
        await page.getByText(`: ${question}`).first().waitFor();
      }
    },
  },
  chat: {
    at: "tutorial/chat",
    async act(page) {
      const line = page.getByRole("textbox").last();
      for (const text of ["你好", "Hello"]) {
        await line.fill(text);
        await page.keyboard.press("Enter");
        await page.getByText(`${text}!`).waitFor();
      }
    },
  },
};

const empty = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

/** Writes `NAME-LANGUAGE.png` to a folder. If a browser cannot take the pictures, they are empty, so that the site builds. */
export async function consolePictures(folder: URL): Promise<void> {
  await mkdir(folder, { recursive: true });
  const fileOf = (name: string, language: string) => new URL(`${name}-${language}.png`, folder);
  for (const language of languages) for (const name of Object.keys(shots)) await writeFile(fileOf(name, language), empty);
  try {
    if (!hasBrowser) throw new Error("install Chromium or Chrome");
    await takePictures(fileOf);
  } catch (error) {
    console.warn(`pictures of the console are empty: ${error instanceof Error ? error.message : error}`);
  }
}

async function takePictures(fileOf: (name: string, language: string) => URL): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const server = createServer();
  stack.defer(async () => void (await server.shutdown({ graceMs: 0, abortMs: 0 })));
  server.add(implement(Greeter, { sayHello: ({ name }) => ({ message: `Hello ${name}` }) }));
  server.add(
    implement(Stream, {
      async *conversations(requests) {
        for await (const { question } of requests) yield { answer: `from stream server answer: ${question}` };
      },
    }),
  );
  server.add(
    implement(Chat, {
      async *bidiHello(requests) {
        for await (const { name } of requests) yield { reply: `${name}!` };
      },
    }),
  );
  const services = [Greeter, Stream, StreamServer, Chat];
  const gateway = createGateway({ services, upstream: server.channel(), console: true, graceMs: 0, onWarning: () => {} });
  stack.defer(() => gateway.close());
  const { url } = await gateway.listen("127.0.0.1:0");
  const browser = await startBrowser();
  stack.defer(() => browser.close());
  for (const language of languages) {
    const context = await browser.newContext({
      viewport: { width: 1440, height: 760 },
      locale: locales[language],
      reducedMotion: "reduce",
    });
    const page = await context.newPage();
    for (const [name, { at, act }] of Object.entries(shots)) {
      await page.goto(`${url}/console/#/${at}`);
      await page.getByRole("main").getByRole("heading", { level: 1 }).waitFor();
      await act(page);
      await writeFile(fileOf(name, language), await page.screenshot());
    }
    await context.close();
  }
}
