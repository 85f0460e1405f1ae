// Runs the examples of the README.
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { expect, test } from "vitest";
import { connect, createServer, HeaderList } from "../src/index.ts";

const AsyncFunction = (async () => {}).constructor as new (...args: string[]) => (...args: unknown[]) => Promise<unknown>;

test("the server and client of the README exchange messages", async () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const examples = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code ?? "");
  expect(examples).toHaveLength(2);
  const code = stripTypeScriptTypes(examples.join("\n").replaceAll(/^import .*$/gm, ""));
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const log: unknown[] = [];
  const run = new AsyncFunction(
    "createServer",
    "connect",
    "HeaderList",
    "console",
    "ended",
    `${code}; connection.onClose = ended; return server;`,
  );
  const output = { log: (line: unknown) => log.push(line), error: (line: unknown) => log.push(line) };
  const server = (await run(createServer, connect, HeaderList, output, resolve)) as ReturnType<typeof createServer>;
  expect(await promise).toMatchObject({ code: 0 });
  expect(log).toEqual([200]);
  await server.close(1000);
});
