// @grpc-study/rpc.
import { createServer, implement } from "@grpc-study/rpc";
import { Bench } from "../../../gen/es/bench/bench_pb.js";
import { hello } from "../../messages/values.ts";
import type { ServePeer } from "../peer.ts";

export const bench = implement(Bench, {
  say: ({ name }) => ({ name }),
  echo: ({ users, nextPageToken }) => ({ users, nextPageToken }),
  *count({ count }) {
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

export const serve: ServePeer = async (tls) => {
  const server = createServer();
  server.add(bench);
  const { port } = await server.listen("127.0.0.1:0", tls ? { cert: tls.cert, key: tls.key } : undefined);
  return { ready: port };
};
