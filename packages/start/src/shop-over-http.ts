// The shop over HTTP: the tutorial's httpserver, a gateway that calls the shop's gRPC server.
import { createGateway } from "@grpc-study/gateway";
import { OrderHistory, OrderService, ProdService, UserService } from "@grpc-study/proto/shop";
import { shopDescriptors } from "@grpc-study/proto/shop-descriptors";
import type { HttpListener } from "@grpc-study/server";
import { formatAddress } from "./format-address.ts";
import { connectUpstream } from "./upstream.ts";

export const shopOverHttp: HttpListener = {
  port: 9468,
  security: "HTTP, plaintext",
  async listen({ host, port, upstreams, tls, telemetry, log }) {
    const channel = await connectUpstream(upstreams, tls);
    const gateway = createGateway({
      services: [ProdService, OrderService, UserService, OrderHistory],
      upstream: channel,
      json: { fieldNames: "proto" },
      // As in the tutorial, a method without a rule is not found by plain JSON.
      requireConnectVersion: true,
      openApi: { title: "The shop", descriptors: shopDescriptors() },
      logger: log,
      observe: telemetry ? (await import("@grpc-study/otel/gateway")).gatewayTelemetry() : undefined,
    });
    const shutdown = async () => {
      await gateway.close();
      channel.close();
    };
    try {
      const bound = await gateway.listen(formatAddress(host, port));
      log.info({ url: bound.url }, "serving HTTP");
      return { port: bound.port, services: [ProdService.typeName, OrderService.typeName, OrderHistory.typeName], shutdown };
    } catch (error) {
      await shutdown();
      throw error;
    }
  },
};
