// A service with all four kinds of calls, on each transport.

import * as grpc from "@grpc/grpc-js";
import { UserService } from "@grpc-study/proto/shop";
import {
  type Channel,
  type Client,
  type Context,
  createChannel,
  createClient,
  createServer,
  implement,
  type RpcError,
  type ServerInterceptor,
  type ServerOptions,
} from "@grpc-study/rpc";
import { ErrorInfoSchema } from "@grpc-study/rpc/error-details";
import { grpcJsChannel, grpcJsTransport } from "@grpc-study/rpc/grpc-js";
import { onTestFinished } from "vitest";

export { UserService };
export type Users = Client<typeof UserService>;

export const transports = ["http2", "in process", "grpc-js"] as const;
export type Transport = (typeof transports)[number];

/** Makes a call of each kind to its end. */
export const kinds = {
  unary: async (client: Users, options = {}) => [await client.getUserScore({}, options)],
  "server streaming": async (client: Users, options = {}) => Array.fromAsync(client.getUserScoreByServerStream({}, options)),
  "client streaming": async (client: Users, options = {}) => [await client.getUserScoreByClientStream([{}], options)],
  bidirectional: async (client: Users, options = {}) => Array.fromAsync(client.getUserScoreByDoubleEndStream([{}], options)),
} as const;
export type Kind = keyof typeof kinds;
export const kindNames = Object.keys(kinds) as Kind[];
export const everyWay = transports.flatMap((transport) => kindNames.map((kind) => ({ transport, kind })));

/** Implements all methods by a function that sees the context. */
export function users(see: (context: Context) => unknown = () => {}) {
  return implement(UserService, {
    getUserScore: async (_request, context) => {
      await see(context);
      return {};
    },
    async *getUserScoreByServerStream(_request, context) {
      await see(context);
      yield {};
    },
    getUserScoreByClientStream: async (_requests, context) => {
      await see(context);
      return {};
    },
    async *getUserScoreByDoubleEndStream(_requests, context) {
      await see(context);
      yield {};
    },
  });
}

/** Starts a server on a transport until the end of the test. */
export async function start(
  interceptors: readonly ServerInterceptor[],
  { see, transport = "http2", options = {} }: { see?: (context: Context) => unknown; transport?: Transport; options?: ServerOptions } = {},
): Promise<{ channel: Channel; client: Users }> {
  const server = createServer({ interceptors, ...(transport === "grpc-js" && { transport: grpcJsTransport() }), ...options });
  server.add(users(see));
  let channel: Channel;
  if (transport === "in process") channel = server.channel();
  else {
    const { address } = await server.listen("127.0.0.1:0");
    channel =
      transport === "http2"
        ? createChannel(address)
        : grpcJsChannel(new grpc.Channel(address, grpc.credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 }));
  }
  onTestFinished(async () => {
    channel.close();
    await server.shutdown({ graceMs: 0, abortMs: 0 });
  });
  return { channel, client: createClient(UserService, channel) };
}

export const withToken = (token: string) => ({ metadata: { authorization: `Bearer ${token}` } });

/** The outcome of a call: `OK`, or code, message and reason. */
export async function outcome(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "OK",
    (error: RpcError) => [String(error), ...error.findDetails(ErrorInfoSchema).map(({ reason }) => `(${reason})`)].join(" "),
  );
}

export async function failureOf(call: Promise<unknown>): Promise<RpcError> {
  return call.then(
    () => {
      throw new Error("the call did not fail");
    },
    (error: RpcError) => error,
  );
}
