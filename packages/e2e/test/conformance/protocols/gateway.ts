// Serves the conformance service through the gateway: every protocol on its one port.
import { createGateway } from "@grpc-study/gateway";
import { createServer } from "@grpc-study/rpc";
import { ConformanceService } from "../../../gen/connectrpc/conformance/v1/service_pb.js";
import { limitBytes } from "../caller.ts";
import { conformanceService } from "../service.ts";
import { Cancellations } from "./cancellations.ts";
import { registry } from "./suites.ts";
import type { Target, TargetTls } from "./target.ts";

/** @param where how the gateway reaches our server. */
export async function serveGateway({ cert, key, ca }: TargetTls, where: "in process" | "over a socket"): Promise<Target> {
  const cancellations = new Cancellations();
  const server = createServer({ interceptors: [cancellations.interceptor], limits: { maxReceiveMessageBytes: limitBytes } });
  server.add(conformanceService);
  const upstream = where === "in process" ? server.channel() : (await server.listen("127.0.0.1:0")).address;
  const options = { services: [ConformanceService], upstream, bodyLimit: limitBytes, registry };
  const tls = { cert, key, clientCa: ca, clientCertificates: "optional" } as const;
  const gateways = [createGateway(options), createGateway({ ...options, tls })];
  const ports = await Promise.all(gateways.map(async (gateway) => (await gateway.listen("127.0.0.1:0")).port));
  return {
    cancellations,
    port: (_version, secure) => ports[secure ? 1 : 0] ?? 0,
    async [Symbol.asyncDispose]() {
      await Promise.all(gateways.map((gateway) => gateway.close()));
      await server.shutdown({ graceMs: 0 });
    },
  };
}
