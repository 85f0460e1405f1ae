// @grpc-study/rpc.
import { createClient } from "@grpc-study/rpc";
import { Bench } from "../../../gen/es/bench/bench_pb.js";
import { hello, users } from "../../messages/values.ts";
import type { ConnectPeer } from "../peer.ts";

export const connect: ConnectPeer = ({ port, ca }) => {
  const client = createClient(Bench, `localhost:${port}`, ca === null ? {} : { tls: { ca } });
  return {
    say: () => client.say(hello),
    echo: () => client.echo(users),
    async count(messages) {
      let seen = 0;
      for await (const _ of client.count({ count: messages })) seen++;
      if (seen !== messages) throw new Error(`received ${seen} messages`);
    },
    gather: (messages) => client.gather(Array.from({ length: messages }, () => hello)),
    async chat(messages) {
      const call = client.chat();
      for (let i = 0; i < messages; i++) {
        await call.send(hello);
        if ((await call.recv()) === undefined) throw new Error(`received ${i} responses`);
      }
      call.closeSend();
      await call.recv();
    },
  };
};
