// connect-node, which implements gRPC on node:http2 itself, with protobuf-es.
import { readFileSync } from "node:fs";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { Bench } from "../../../gen/es/bench/bench_pb.js";
import { hello, users } from "../../messages/values.ts";
import type { ConnectPeer } from "../peer.ts";
import { Turns } from "../turns.ts";

export const connect: ConnectPeer = ({ port, ca }) => {
  const baseUrl = `${ca === null ? "http" : "https"}://localhost:${port}`;
  const client = createClient(Bench, createGrpcTransport({ baseUrl, ...(ca !== null && { nodeOptions: { ca: readFileSync(ca) } }) }));
  return {
    say: () => client.say(hello),
    echo: () => client.echo(users),
    async count(messages) {
      let seen = 0;
      for await (const _ of client.count({ count: messages })) seen++;
      if (seen !== messages) throw new Error(`received ${seen} messages`);
    },
    gather: (messages) =>
      client.gather(
        (async function* () {
          for (let i = 0; i < messages; i++) yield hello;
        })(),
      ),
    async chat(messages) {
      const turns = new Turns(messages);
      for await (const _ of client.chat(turns.requests(hello))) turns.onResponse();
      turns.check();
    },
  };
};
