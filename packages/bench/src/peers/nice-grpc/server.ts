// nice-grpc, with ts-proto, as its documentation recommends.
import { readFileSync } from "node:fs";
import { ServerCredentials } from "@grpc/grpc-js";
import { createServer } from "nice-grpc";
import { BenchDefinition } from "../../../gen/ts-proto/bench/bench.js";
import { hello } from "../../messages/values.ts";
import type { ServePeer } from "../peer.ts";

export const serve: ServePeer = async (tls) => {
  const server = createServer();
  server.add(BenchDefinition, {
    say: async ({ name }) => ({ name }),
    echo: async ({ users, nextPageToken }) => ({ users, nextPageToken }),
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
  });
  const pair = tls && { cert_chain: readFileSync(tls.cert), private_key: readFileSync(tls.key) };
  return {
    ready: await server.listen("127.0.0.1:0", pair ? ServerCredentials.createSsl(null, [pair]) : ServerCredentials.createInsecure()),
  };
};
