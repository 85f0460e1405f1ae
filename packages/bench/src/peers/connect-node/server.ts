// connect-node, which implements gRPC on node:http2 itself, with protobuf-es.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createSecureServer, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { Bench } from "../../../gen/es/bench/bench_pb.js";
import { hello } from "../../messages/values.ts";
import type { ServePeer } from "../peer.ts";

export const serve: ServePeer = async (tls) => {
  const handler = connectNodeAdapter({
    routes: (router) =>
      router.service(Bench, {
        say: ({ name }) => ({ name }),
        echo: ({ users, nextPageToken }) => ({ users, nextPageToken }),
        async *count({ count }) {
          for (let i = 0; i < count; i++) yield hello;
        },
        async gather(requests) {
          let count = 0;
          for await (const _ of requests) count++;
          return { count };
        },
        async *chat(requests) {
          for await (const { name } of requests) yield { name };
        },
      }),
  });
  const server = tls ? createSecureServer({ cert: readFileSync(tls.cert), key: readFileSync(tls.key) }, handler) : createServer(handler);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { ready: (server.address() as AddressInfo).port };
};
