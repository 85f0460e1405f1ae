// The calls of both clients on plain grpc-js. Their methods are created by
// `makeGenericClientConstructor`.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import {
  type ChannelCredentials,
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientWritableStream,
  credentials,
  type ServiceError,
} from "@grpc/grpc-js";
import type { ClientPeer, Target } from "../peer.ts";

type Callback = (error: ServiceError | null, response?: unknown) => void;

interface BenchClient<Message> extends Client {
  Say(request: Message, callback: Callback): unknown;
  Echo(request: Message, callback: Callback): unknown;
  Count(request: Message): ClientReadableStream<Message>;
  Gather(callback: Callback): ClientWritableStream<Message>;
  Chat(): ClientDuplexStream<Message, Message>;
}

export interface Values<Message> {
  readonly hello: Message;
  readonly users: Message;
  amount(count: number): Message;
}

export function callsOf<Message>(generic: Client, { hello, users, amount }: Values<Message>): ClientPeer {
  // The definition determines its methods at run time.
  const client = generic as BenchClient<Message>;
  const settle = (start: (callback: Callback) => unknown) =>
    new Promise((resolve, reject) => start((error, response) => (error ? reject(error) : resolve(response))));
  return {
    say: () => settle((callback) => client.Say(hello, callback)),
    echo: () => settle((callback) => client.Echo(users, callback)),
    async count(messages) {
      const call = client.Count(amount(messages));
      let seen = 0;
      call.on("data", () => {
        seen++;
      });
      await once(call, "end");
      if (seen !== messages) throw new Error(`received ${seen} messages`);
    },
    gather: (messages) =>
      settle((callback) => {
        const call = client.Gather(callback);
        let left = messages;
        const write = () => {
          while (left-- > 0) {
            if (!call.write(hello)) {
              call.once("drain", write);
              return;
            }
          }
          call.end();
        };
        write();
      }),
    async chat(messages) {
      const call = client.Chat();
      let left = messages;
      call.on("data", () => (--left > 0 ? call.write(hello) : call.end()));
      call.write(hello);
      await once(call, "end");
      if (left !== 0) throw new Error(`${left} responses are missing`);
    },
  };
}

export const credentialsOf = ({ ca }: Target): ChannelCredentials =>
  ca === null ? credentials.createInsecure() : credentials.createSsl(readFileSync(ca));
