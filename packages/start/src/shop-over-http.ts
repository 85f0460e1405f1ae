// The shop over HTTP: the tutorial's httpserver, a gateway that calls the shop's gRPC server.
import { createGateway } from "@grpc-study/gateway";
import { OrderService, ProdService, UserService } from "@grpc-study/proto/shop";
import { shopDescriptors } from "@grpc-study/proto/shop-descriptors";
import { ListenError } from "@grpc-study/rpc";
import type { HttpListener } from "@grpc-study/server";
import { connectUpstream } from "./upstream.ts";

export const shopOverHttp: HttpListener = {
  port: 9468,
  security: "HTTP, plaintext",
  async listen({ host, port, upstreams, tls, log }) {
    const channel = await connectUpstream(upstreams, tls);
    const app = await createGateway({
      services: [ProdService, OrderService, UserService],
      upstream: channel,
      json: { fieldNames: "proto" },
      openApi: { title: "The shop", descriptors: shopDescriptors() },
      logger: log,
    });
    app.get("/", (_request, reply) => reply.redirect("/docs"));
    const shutdown = async () => {
      await app.close();
      channel.close();
    };
    try {
      const url = await app.listen({ host, port, listenTextResolver: () => "serving HTTP" });
      return {
        port: Number(new URL(url).port || 80),
        services: [ProdService.typeName, OrderService.typeName],
        shutdown,
      };
    } catch (error) {
      await shutdown();
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      throw new ListenError(`${host.includes(":") ? `[${host}]` : host}:${port}`, message, code, { cause: error });
    }
  },
};
