// Foreign peers over TLS: connect-node on both sides, `buf curl`, and TLS servers without gRPC.
import { once } from "node:events";
import { createSecureServer, type SecureServerOptions, type ServerHttp2Session } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from "node:tls";
import { type ConnectRouter, createClient as createConnectClient, type Interceptor } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { UserService } from "@grpc-study/proto/shop";
import { protoFolder } from "../harness/paths.ts";
import { type Outcome, outcomeOf } from "../harness/process.ts";
import { startBufCurl } from "../peers/buf-curl.ts";
import type { Credentials, Kind } from "./kinds.ts";

export interface TlsListener extends AsyncDisposable {
  readonly port: number;
}

/** Starts a TLS server of node:tls. */
export async function listenTls(options: TlsOptions, onConnection: (socket: TLSSocket) => void = () => {}): Promise<TlsListener> {
  const server = createTlsServer(options, (socket) => {
    socket.on("error", () => {});
    onConnection(socket);
  });
  server.on("tlsClientError", () => {});
  return listening(server);
}

/** Starts a connect-node server. */
export function serveConnect(options: SecureServerOptions, routes: (router: ConnectRouter) => void): Promise<TlsListener> {
  const server = createSecureServer(options, connectNodeAdapter({ routes, grpcWeb: false, connect: false }));
  server.on("session", (session: ServerHttp2Session) => session.on("error", () => {}));
  return listening(server);
}

interface Listener {
  on(event: "connection", listener: (socket: Socket) => void): unknown;
  listen(port: number, host: string): unknown;
  address(): unknown;
  close(): unknown;
}

async function listening(server: Listener & NodeJS.EventEmitter): Promise<TlsListener> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** The CA and the certificate of a client, in PEM. */
export interface ConnectTls {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

const request = { users: [{ userId: 1 }, { userId: 2 }, { userId: 3 }] };

/** Makes a call with connect-node's client. Returns the user ids in the responses. */
export async function callWithConnect(
  address: string,
  kind: Kind,
  tls: ConnectTls | undefined,
  credentials?: Credentials,
): Promise<number[]> {
  const baseUrl = `${tls === undefined ? "http" : "https"}://${address}`;
  const sessionManager = new Http2SessionManager(baseUrl, undefined, tls);
  const authenticate: Interceptor = (next) => (call) => {
    for (const [key, value] of Object.entries(credentials ?? {})) call.header.set(key, value);
    return next(call);
  };
  const client = createConnectClient(UserService, createGrpcTransport({ baseUrl, sessionManager, interceptors: [authenticate] }));
  async function* requests() {
    yield request;
  }
  const answers = {
    unary: async () => [await client.getUserScore(request)],
    "server streaming": () => Array.fromAsync(client.getUserScoreByServerStream(request)),
    "client streaming": async () => [await client.getUserScoreByClientStream(requests())],
    bidirectional: () => Array.fromAsync(client.getUserScoreByDoubleEndStream(requests())),
  };
  try {
    return (await answers[kind]()).flatMap(({ users }) => users.map(({ userId }) => userId));
  } finally {
    sessionManager.abort();
  }
}

/**
 * Runs `buf curl`. `path` is a method of the shop, such as `/services.UserService/GetUserScore`.
 */
export async function bufCurl(url: string, path: string, args: readonly string[] = []): Promise<Outcome> {
  const schema = ["--schema", join(protoFolder, "shop/user.proto")];
  const data = ["-d", JSON.stringify({ users: request.users.map(({ userId }) => ({ user_id: userId })) })];
  await using curl = startBufCurl([...schema, ...data, ...args, `${url}${path}`]);
  return await outcomeOf(curl);
}
