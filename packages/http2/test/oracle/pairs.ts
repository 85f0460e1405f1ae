// Connects two sides: the engine and node:http2 in every combination, over every kind of byte
// stream.
import { once } from "node:events";
import { connect as connectNode, createServer as createNodeServer, createSecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { duplexPair } from "node:stream";
import { attachClient, connect, createServer } from "../../src/index.ts";
import type { Certificate } from "./certificate.ts";
import { engineClientSide, engineServerSide, engineStreams, options } from "./engine.ts";
import { nodeClientSide, nodeServerSide } from "./node.ts";
import type { ClientSide, Plan, ServerSide, Windows } from "./plan.ts";

export interface Pair {
  readonly client: ClientSide;
  readonly server: ServerSide;
}

export interface Setup {
  readonly client: Windows;
  readonly server: Windows;
  readonly plans: readonly Plan[];
}

type Make = "engine" | "node";

/** In megabytes. By default node:http2 refuses streams when much data is queued. */
const maxSessionMemory = 500;

async function startServer(
  make: Make,
  { server: windows, plans }: Setup,
  tls?: Certificate,
): Promise<{ port: number; server: ServerSide }> {
  if (make === "engine") {
    const streams = engineStreams(plans);
    const server = createServer({ ...options(windows), ...(tls && { tls }), onStream: streams.onStream });
    const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
    return { port, server: engineServerSide(server, streams) };
  }
  const settings = { ...windows, maxConcurrentStreams: 1_000 };
  const server = tls ? createSecureServer({ ...tls, settings, maxSessionMemory }) : createNodeServer({ settings, maxSessionMemory });
  const side = nodeServerSide(server, plans);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, server: side };
}

async function startClient(make: Make, port: number, { client: windows }: Setup, tls?: Certificate): Promise<ClientSide> {
  if (make === "engine") {
    const secure = tls && { tls: { ca: tls.cert, servername: "localhost" } };
    return engineClientSide(await connect({ host: "127.0.0.1", port, ...options(windows), ...secure }));
  }
  const session = connectNode(`${tls ? "https" : "http"}://localhost:${port}`, {
    settings: { ...windows },
    maxSessionMemory,
    ...(tls && { ca: tls.cert }),
    host: "127.0.0.1",
  });
  await once(session, "remoteSettings");
  return nodeClientSide(session);
}

export async function overLoopback(client: Make, server: Make, setup: Setup, tls?: Certificate): Promise<Pair> {
  const started = await startServer(server, setup, tls);
  return { server: started.server, client: await startClient(client, started.port, setup, tls) };
}

export async function inMemory(setup: Setup): Promise<Pair> {
  const [near, far] = duplexPair();
  const streams = engineStreams(setup.plans);
  const server = createServer({ ...options(setup.server), onStream: streams.onStream });
  server.attach(far);
  const client = attachClient(near, options(setup.client));
  return { client: engineClientSide(client), server: engineServerSide(server, streams) };
}
