// The tests of the example: without a socket, and of the compiled program.
import "reflect-metadata";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { GrpcStrategy } from "@grpc-study/nestjs";
import { type Client, createClient } from "@grpc-study/rpc";
import { Test } from "@nestjs/testing";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { NoteService } from "../gen/notes/v1/notes_pb.js";
import { AppModule } from "./app.module.ts";

vi.stubEnv("API_KEY", "a long random text");
const key = { metadata: { "x-api-key": "a long random text" } };

/** Makes a call of each kind. */
async function use(client: Client<typeof NoteService>): Promise<void> {
  const summary = await client.import(
    [
      { id: 2, text: "two" },
      { id: 1, text: "one" },
    ],
    key,
  );
  expect(summary.count).toBe(2);
  expect((await client.get({ id: 1 }, key)).text).toBe("one");
  const chat = client.chat(key);
  await chat.send({ id: 3, text: "three" });
  expect((await chat.recv())?.text).toBe("three");
  chat.closeSend();
  expect(await chat.recv()).toBeUndefined();
  let order: string | undefined;
  const onHeader = (header: { get(key: "x-order"): string | undefined }) => {
    order = header.get("x-order");
  };
  const texts: string[] = [];
  for await (const { text } of client.list({}, { ...key, onHeader })) texts.push(text);
  expect([texts, order]).toEqual([["one", "two", "three"], "id"]);
  await expect(client.get({ id: 9 }, key)).rejects.toThrow("there is no note 9");
  await expect(client.get({ id: 1 })).rejects.toThrow("x-api-key is missing or wrong");
}

test("the application answers in process", async () => {
  const strategy = new GrpcStrategy({ services: [NoteService] });
  const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
  const app = module.createNestMicroservice({ strategy, logger: false });
  await app.listen();
  await use(createClient(NoteService, strategy.server.channel()));
  await app.close();
});

describe("the compiled program", () => {
  const folder = join(import.meta.dirname, "..");
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
  beforeAll(() => {
    execFileSync(process.execPath, [tsc, "-p", folder], { stdio: "inherit" });
  }, 60_000);
  afterAll(() => rmSync(join(folder, "dist"), { recursive: true }));

  test("does not start without an API key", () => {
    const env = { ...process.env, NODE_OPTIONS: "", LISTEN: "127.0.0.1:0", API_KEY: undefined };
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, "dist/main.js")], { env, encoding: "utf8" });
    expect(status).not.toBe(0);
    expect(stdout).not.toContain("listening");
    expect(stderr).toContain("API_KEY must be set");
  });

  test("serves at its address, and ends in order at SIGTERM", async () => {
    const env = { ...process.env, NODE_OPTIONS: "", LISTEN: "127.0.0.1:0" };
    const program = spawn(process.execPath, [join(folder, "dist/main.js")], { env, stdio: ["ignore", "pipe", "inherit"] });
    const exit = once(program, "exit");
    const [line] = await Promise.race([once(createInterface(program.stdout), "line"), exit]);
    using client = createClient(NoteService, /^listening on (.*)/.exec(line)?.[1] ?? "");
    await use(client);
    program.kill("SIGTERM");
    expect(await exit).toEqual([null, "SIGTERM"]);
  });
});
