// nice-grpc, with ts-proto.
import { readFileSync } from "node:fs";
import { ChannelCredentials, createChannel, createClient } from "nice-grpc";
import { BenchDefinition } from "../../../gen/ts-proto/bench/bench.js";
import { hello, users } from "../../messages/values.ts";
import type { ConnectPeer } from "../peer.ts";
import { Turns } from "../turns.ts";

export const connect: ConnectPeer = ({ port, ca }) => {
  const credentials = ca === null ? ChannelCredentials.createInsecure() : ChannelCredentials.createSsl(readFileSync(ca));
  const client = createClient(BenchDefinition, createChannel(`localhost:${port}`, credentials));
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
