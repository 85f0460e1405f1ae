// Starts servers and clients over any transport, and stops them at the end of the test.
import * as grpc from "@grpc/grpc-js";
import { onTestFinished } from "vitest";
import { grpcJsChannel, grpcJsTransport } from "../src/grpc-js.ts";
import {
  type Channel,
  type Client,
  type ClientOptions,
  type ConnectOptions,
  type Context,
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
import { type Transport, transports } from "./transports.ts";

export { TestService, type Transport, transports };
export type TestHandlers = Handlers<typeof TestService>;
export type TestClient = Client<typeof TestService>;

/** Starts an HTTP/2 server with these handlers. */
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

/** Starts an HTTP/2 server with these handlers, and a client for it. */
export async function start(handlers: TestHandlers, options?: ServerOptions) {
  const { server, address } = await startServer(handlers, options);
  return { server, address, client: connect(address) };
}

/** Starts a server with these handlers on a transport, and a client for it. */
export async function startBy(
  transport: Transport,
  handlers: TestHandlers,
  options: ServerOptions = {},
  implementOptions: ImplementOptions = {},
  clientOptions: ClientOptions = {},
) {
  const { server, channel } = await serveBy(transport, options);
  server.add(implement(TestService, handlers, implementOptions));
  return { server, channel, client: createClient(TestService, channel, clientOptions) };
}

/** Starts a server on a transport, and a channel to it. */
export async function serveBy(transport: Transport, options: ServerOptions = {}): Promise<{ server: Server; channel: Channel }> {
  const server = createServer(transport === "grpc-js" ? { transport: grpcJsTransport(), ...options } : options);
  const channel = await channelTo(server, transport);
  onTestFinished(async () => {
    channel.close();
    await server.shutdown({ graceMs: 0, abortMs: 0 });
  });
  return { server, channel };
}

async function channelTo(server: Server, transport: Transport): Promise<Channel> {
  if (transport === "in process") return server.channel();
  const { address } = await server.listen("127.0.0.1:0");
  if (transport === "http2") return createChannel(address);
  return grpcJsChannel(new grpc.Channel(address, grpc.credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 }));
}

/** Calls each kind in the same way: with one request, to the end. Resolves with all responses. */
export const kinds = {
  unary: async (client: TestClient, text: string, options = {}) => [await client.unary({ text }, options)],
  serverStream: async (client: TestClient, text: string, options = {}) => Array.fromAsync(client.serverStream({ text }, options)),
  clientStream: async (client: TestClient, text: string, options = {}) => [await client.clientStream([{ text }], options)],
  bidiStream: async (client: TestClient, text: string, options = {}) => Array.fromAsync(client.bidiStream([{ text }], options)),
} as const;

export const kindNames = Object.keys(kinds) as (keyof typeof kinds)[];

/** Each call kind over each transport. */
export const everyWay = transports.flatMap((transport) => kindNames.map((kind) => ({ transport, kind })));

/** Handlers of all kinds that call `body` once and respond with its result. */
export function everyKind(body: (context: Context) => Promise<string> | string): TestHandlers {
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

/** Resolves with the reason with which a promise rejects. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}

/** Polls until a condition holds. Fails after twenty seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`the condition did not become true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
