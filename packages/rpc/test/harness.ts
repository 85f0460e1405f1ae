// What the tests share: a server on a free port, and a client for it, gone when the test is.
import { onTestFinished } from "vitest";
import {
  type Client,
  type ClientOptions,
  type ConnectOptions,
  createChannel,
  createClient,
  createServer,
  type Handlers,
  type ImplementOptions,
  implement,
  type Server,
  type ServerOptions,
} from "../src/index.ts";
import { TestService } from "./gen/test_pb.js";

export { TestService };
export type TestHandlers = Handlers<typeof TestService>;
export type TestClient = Client<typeof TestService>;

export async function startServer(handlers: TestHandlers, options: ServerOptions = {}): Promise<{ server: Server; address: string }> {
  const server = createServer(options);
  server.add(implement(TestService, handlers));
  onTestFinished(async () => {
    await server.shutdown({ graceMs: 0, abortMs: 0 });
  });
  const { address } = await server.listen("127.0.0.1:0");
  return { server, address };
}

export function connect(address: string, options: ConnectOptions = {}): TestClient {
  const client = createClient(TestService, address, options);
  onTestFinished(() => client[Symbol.dispose]());
  return client;
}

/** Starts a server with these handlers, and a client. */
export async function start(handlers: TestHandlers, options?: ServerOptions) {
  const { server, address } = await startServer(handlers, options);
  return { server, address, client: connect(address) };
}

/** How a client reaches a server: every behaviour is the same. */
export const ways = ["in process", "over a socket"] as const;

/** Starts a server with these handlers, and a client that reaches it in a given way. */
export async function startBy(
  way: (typeof ways)[number],
  handlers: TestHandlers,
  options: ServerOptions = {},
  implementOptions: ImplementOptions = {},
  clientOptions: ClientOptions = {},
) {
  const server = createServer(options);
  server.add(implement(TestService, handlers, implementOptions));
  const target = way === "in process" ? server.channel() : createChannel((await server.listen("127.0.0.1:0")).address);
  const client = createClient(TestService, target, clientOptions);
  onTestFinished(async () => {
    target.close();
    await server.shutdown({ graceMs: 0, abortMs: 0 });
  });
  return { server, client };
}

/** The four kinds, called alike: with one request, to their end, giving all responses. */
export const kinds = {
  unary: async (client: TestClient, text: string, options = {}) => [await client.unary({ text }, options)],
  serverStream: async (client: TestClient, text: string, options = {}) => Array.fromAsync(client.serverStream({ text }, options)),
  clientStream: async (client: TestClient, text: string, options = {}) => [await client.clientStream([{ text }], options)],
  bidiStream: async (client: TestClient, text: string, options = {}) => Array.fromAsync(client.bidiStream([{ text }], options)),
} as const;

export const kindNames = Object.keys(kinds) as (keyof typeof kinds)[];

/** Each kind in each way. */
export const everyWay = ways.flatMap((way) => kindNames.map((kind) => ({ way, kind })));

/** Handlers of all kinds that call `body` once and answer with what it returns. */
export function everyKind(body: (context: import("../src/index.ts").Context) => Promise<string> | string): TestHandlers {
  return {
    unary: async (_request, context) => ({ text: await body(context) }),
    async *serverStream(_request, context) {
      yield { text: await body(context) };
    },
    clientStream: async (_requests, context) => ({ text: await body(context) }),
    async *bidiStream(_requests, context) {
      yield { text: await body(context) };
    },
  };
}

/** Resolves with what a promise rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}

/** Waits, a few milliseconds at a time, until something holds. Fails after twenty seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`never: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
