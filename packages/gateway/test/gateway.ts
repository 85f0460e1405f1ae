// A gateway in front of a server, both gone when the test is.
import { type Channel, createServer, type Implementation, type ServerOptions } from "@grpc-study/rpc";
import Fastify, { type FastifyInstance } from "fastify";
import { onTestFinished } from "vitest";
import { type GatewayOptions, gateway } from "../src/index.ts";

/** How the gateway reaches the server. */
export const ways = ["in process", "over a socket"] as const;
export type Way = (typeof ways)[number];

export interface TestGateway {
  readonly app: FastifyInstance;
  /** `http://127.0.0.1:…` */
  readonly url: string;
  readonly port: number;
}

interface TestGatewayOptions extends Partial<GatewayOptions> {
  readonly way?: Way;
  readonly server?: ServerOptions;
  readonly app?: FastifyInstance;
  readonly prefix?: string;
}

/** Serves an implementation over HTTP. */
export async function startGateway(implementation: Implementation, options: TestGatewayOptions = {}): Promise<TestGateway> {
  const { way = "in process", server: serverOptions = {}, app = Fastify(), ...rest } = options;
  const server = createServer({ onError: () => {}, ...serverOptions });
  server.add(implementation);
  const upstream: string | Channel = way === "in process" ? server.channel() : (await server.listen("127.0.0.1:0")).address;
  onTestFinished(() => server.shutdown({ graceMs: 0, abortMs: 0 }).then(() => {}));
  return listen(app, { services: [implementation.service], upstream, ...rest });
}

export async function listen(app: FastifyInstance, options: GatewayOptions & { prefix?: string }): Promise<TestGateway> {
  await app.register(gateway, options);
  onTestFinished(() => app.close());
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  return { app, url, port: Number(new URL(url).port) };
}
