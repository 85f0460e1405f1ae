// Serves the topics, and the shop over HTTP: the tutorial's httpserver, which calls the shop's gRPC server over mutual TLS.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createGateway } from "../packages/gateway/dist/index.js";
import { OrderService, ProdService, UserService } from "../packages/proto/dist/shop.js";
import { shopDescriptors } from "../packages/proto/dist/shop-descriptors.js";
import { type ClientTls, createChannel } from "../packages/rpc/dist/index.js";
import { type Companion, type Endpoint, main } from "../packages/server/dist/index.js";

/** The tutorial's. */
const httpPort = 9468;

/** From the one that the tutorial has. */
const preferred: readonly Endpoint["security"][] = ["mutual TLS", "plaintext", "TLS", "token over TLS", "token"];

const shopOverHttp: Companion = {
  topic: "shop",
  async start({ endpoints, host, port, certs, tls, log }) {
    const client = { cert: join(certs, "client.pem"), key: join(certs, "client.key") };
    const usable = endpoints.filter(({ security }) => security !== "mutual TLS" || existsSync(client.cert));
    const upstream = preferred.flatMap((security) => usable.filter((endpoint) => endpoint.security === security))[0] ?? endpoints[0];
    if (upstream === undefined) throw new Error("the shop is not served");
    const { address, security } = upstream;
    const secure: ClientTls | undefined =
      tls && security.includes("TLS") ? { ca: tls.ca, ...(security === "mutual TLS" && client) } : undefined;
    const channel = createChannel(address, { connectTimeoutMs: 5000, ...(secure && { tls: secure }) });
    const app = await createGateway({
      services: [ProdService, OrderService, UserService],
      upstream: channel,
      json: { fieldNames: "proto" },
      openApi: { title: "The shop", descriptors: shopDescriptors() },
      logger: log.child({ topic: "shop" }),
    });
    const shutdown = async () => {
      await app.close();
      channel.close();
    };
    const wanted = port === undefined ? httpPort : port && port + endpoints.length;
    try {
      const bound = await app.listen({ host, port: wanted, listenTextResolver: () => "serving HTTP" });
      const endpoint: Endpoint = {
        topic: "shop",
        address: `${host.includes(":") ? `[${host}]` : host}:${new URL(bound).port || 80}`,
        services: [ProdService.typeName, OrderService.typeName],
        security: "HTTP, plaintext",
      };
      return { endpoint, shutdown };
    } catch (error) {
      await shutdown();
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
      throw Object.assign(new Error(`port ${wanted} is already in use (${host}:${wanted})`), { code: "EADDRINUSE" });
    }
  },
};

await main([shopOverHttp]);
