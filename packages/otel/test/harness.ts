// A server and a client with telemetry, over any transport.
import * as grpc from "@grpc/grpc-js";
import {
  type Channel,
  type Client,
  type Compression,
  type Context,
  createChannel,
  createClient,
  createServer,
  type Handlers,
  implement,
  type ServerOptions,
} from "@grpc-study/rpc";
import { grpcJsChannel, grpcJsTransport } from "@grpc-study/rpc/grpc-js";
import { onTestFinished } from "vitest";
import { clientTelemetry, serverTelemetry, type TelemetryOptions } from "../src/index.ts";
import { EchoService } from "./gen/echo/v1/echo_pb.js";

export { EchoService };

export const transports = ["http2", "in process", "grpc-js"] as const;
export type Transport = (typeof transports)[number];

export type EchoClient = Client<typeof EchoService>;

interface CallOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly compression?: Compression;
}

/** Calls each kind in the same way: with one request, to the end. */
export const kinds = {
  unary: (client: EchoClient, options: CallOptions = {}) => client.unary({ text: "a" }, options),
  serverStream: (client: EchoClient, options: CallOptions = {}) => Array.fromAsync(client.serverStream({ text: "a" }, options)),
  clientStream: (client: EchoClient, options: CallOptions = {}) => client.clientStream([{ text: "a" }, { text: "b" }], options),
  bidiStream: (client: EchoClient, options: CallOptions = {}) =>
    Array.fromAsync(client.bidiStream([{ text: "a" }, { text: "b" }], options)),
} as const;

export type Kind = keyof typeof kinds;

export const kindNames = Object.keys(kinds) as Kind[];
export const everyWay = transports.flatMap((transport) => kindNames.map((kind) => ({ transport, kind })));

/** The name of the method of a kind, as `rpc.method`. */
export function methodOf(kind: Kind): string {
  return `echo.v1.EchoService/${kind[0]?.toUpperCase()}${kind.slice(1)}`;
}

/** Handlers of all kinds that read all requests, call `body`, and respond with its result. Streams respond twice. */
export function handlersOf(body: (context: Context) => Promise<string> | string): Handlers<typeof EchoService> {
  return {
    unary: async (_request, context) => ({ text: await body(context) }),
    async *serverStream(_request, context) {
      yield { text: await body(context) };
      yield { text: await body(context) };
    },
    async clientStream(requests, context) {
      for await (const _ of requests);
      return { text: await body(context) };
    },
    async *bidiStream(requests, context) {
      for await (const _ of requests) yield { text: await body(context) };
    },
  };
}

export async function start(
  transport: Transport,
  handlers: Handlers<typeof EchoService>,
  { server: serverOptions, client: clientOptions }: { server?: TelemetryOptions; client?: TelemetryOptions } = {},
  options: Pick<ServerOptions, "compression"> = {},
) {
  const server = createServer({
    interceptors: [serverTelemetry(serverOptions)],
    onError: () => {},
    ...options,
    ...(transport === "grpc-js" && { transport: grpcJsTransport() }),
  });
  server.add(implement(EchoService, handlers));
  const channel = await channelTo(server, transport);
  onTestFinished(async () => {
    channel.close();
    await server.shutdown({ graceMs: 0, abortMs: 0 });
  });
  return { server, channel, client: createClient(EchoService, channel, { interceptors: [clientTelemetry(clientOptions)] }) };
}

async function channelTo(server: ReturnType<typeof createServer>, transport: Transport): Promise<Channel> {
  if (transport === "in process") return server.channel();
  const { address } = await server.listen("127.0.0.1:0");
  if (transport === "http2") return createChannel(address);
  return grpcJsChannel(new grpc.Channel(address, grpc.credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 }));
}

/** Polls until a condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`the condition did not become true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
