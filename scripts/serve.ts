// Serves the topics, and the shop over HTTP: the tutorial's httpserver, which calls the shop's gRPC server over mutual TLS.
import { createGateway } from "@grpc-study/gateway";
import { OrderService, ProdService, UserService } from "@grpc-study/proto/shop";
import { shopDescriptors } from "@grpc-study/proto/shop-descriptors";
import { type Companion, type Endpoint, main } from "@grpc-study/server";
import { connectUpstream } from "./upstream.ts";

/** The tutorial's. */
const httpPort = 9468;

const shopOverHttp: Companion = {
  topic: "shop",
  async start(neighbours) {
    const { endpoints, host, port, log } = neighbours;
    const channel = await connectUpstream(neighbours);
    const app = await createGateway({
      services: [ProdService, OrderService, UserService],
      upstream: channel,
      json: { fieldNames: "proto" },
      openApi: { title: "The shop", descriptors: shopDescriptors() },
      logger: log.child({ topic: "shop" }),
    });
    app.get("/", (_request, reply) => reply.redirect("/docs"));
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
