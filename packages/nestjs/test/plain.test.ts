// The same controller on Nest's own gRPC transport and on GrpcStrategy, called by grpc-js.
import "reflect-metadata";
import * as grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { createServer } from "@grpc-study/rpc";
import { grpcJsTransport } from "@grpc-study/rpc/grpc-js";
import { type MicroserviceOptions, Transport } from "@nestjs/microservices";
import { describe, expect, onTestFinished, test } from "vitest";
import { NoteService } from "../example/gen/notes/v1/notes_pb.js";
import { GrpcStrategy, type GrpcStrategyOptions } from "../src/index.ts";
import { freePort } from "./free-port.ts";
import { GuardedController, left, PlainController } from "./plain.controller.ts";
import { startApp } from "./start.ts";

const protoPath = new URL("../example/proto/notes/v1/notes.proto", import.meta.url).pathname;
const { notes } = grpc.loadPackageDefinition(loadSync(protoPath)) as unknown as {
  notes: { v1: { NoteService: grpc.ServiceClientConstructor } };
};

// biome-ignore lint/suspicious/noExplicitAny: the methods of a client of grpc-js have no types.
type PlainClient = Record<string, (...args: any[]) => any>;

const own = "Nest's own transport";
const strategy = (address: string, options: Partial<GrpcStrategyOptions> = {}) => ({
  strategy: new GrpcStrategy({ services: [NoteService], address, ...options }),
});
const transports: Record<string, (address: string) => MicroserviceOptions> = {
  [own]: (url) => ({ transport: Transport.GRPC, options: { package: "notes.v1", protoPath, url } }),
  "GrpcStrategy over HTTP/2": (address) => strategy(address),
  "GrpcStrategy over grpc-js": (address) => strategy(address, { server: createServer({ transport: grpcJsTransport() }) }),
};

async function start(transport: string, controller = PlainController as new () => object): Promise<PlainClient> {
  const address = `127.0.0.1:${await freePort()}`;
  await startApp({ controllers: [controller] }, transports[transport]?.(address) as MicroserviceOptions);
  const client = new notes.v1.NoteService(address, grpc.credentials.createInsecure());
  onTestFinished(() => client.close());
  return client as unknown as PlainClient;
}

const get = (client: PlainClient, id: number) =>
  new Promise((resolve) => {
    client["Get"]?.({ id }, (error: grpc.ServiceError | null, note: unknown) =>
      resolve(error === null ? note : `${error.code} ${error.details}`),
    );
  });

/** Reads a stream to its end: its messages, and the error. */
async function read(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const seen: unknown[] = [];
  try {
    for await (const one of stream) seen.push(one);
  } catch (error) {
    seen.push(`${(error as grpc.ServiceError).code} ${(error as grpc.ServiceError).details}`);
  }
  return seen;
}

describe.each(Object.keys(transports))("%s", (transport) => {
  test.each([
    ["a value", 1, { id: 1, text: "plain" }],
    ["a promise", 2, { id: 2, text: "promise" }],
    ["an Observable", 3, { id: 3, text: "observable" }],
    ["an RpcException with a code", 4, "5 no such note"],
    ["an RpcException with a text", 5, "2 only text"],
    ["another error, without its message", 6, transport === own ? "2 Internal server error" : "13 Internal server error"],
  ])("a unary handler ends with %s", async (_what, id, expected) => {
    expect(await get(await start(transport), id)).toEqual(expected);
  });

  test("a guard that returns false ends the call", async () => {
    expect(await get(await start(transport, GuardedController), 1)).toBe(`${transport === own ? 2 : 7} Forbidden resource`);
  });

  test("a handler streams the values of its Observable, and its error", async () => {
    const client = await start(transport);
    const listed = [1, 2, 3].map((id) => ({ id, text: "listed" }));
    expect(await read(client["List"]?.({ limit: 3 }))).toEqual(listed);
    expect(await read(client["List"]?.({ limit: 5 }))).toEqual([...listed, "8 three are enough"]);
  });

  test("a handler receives an Observable of requests", async () => {
    const client = await start(transport);
    const summary = await new Promise((resolve, reject) => {
      const call = client["Import"]?.((error: unknown, summary: unknown) => (error === null ? resolve(summary) : reject(error)));
      for (let id = 0; id < 100; id++) call.write({ id });
      call.end();
    });
    expect(summary).toEqual({ count: 100 });
  });

  test("requests and responses alternate, and the half-close completes the requests", async () => {
    const client = await start(transport);
    const chat = client["Chat"]?.();
    const replies = chat[Symbol.asyncIterator]();
    for (const text of ["a", "b"]) {
      chat.write({ id: 1, text });
      expect((await replies.next()).value).toEqual({ id: 1, text: `${text}!` });
    }
    chat.end();
    expect((await replies.next()).done).toBe(true);
  });

  test("a caller that cancels unsubscribes the responses, and completes the requests", async () => {
    const client = await start(transport);
    const before = { ...left };
    const list = client["List"]?.({ limit: 0 });
    const chat = client["Chat"]?.();
    for (const call of [list, chat]) call.on("error", () => {});
    chat.write({ text: "a" });
    await Promise.all([list, chat].map((call) => new Promise((resolve) => call.once("data", resolve))));
    list.cancel();
    chat.cancel();
    await expect.poll(() => left).toEqual({ lists: before.lists + 1, chats: before.chats + 1 });
  });
});
