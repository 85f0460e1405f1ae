// pb.Greeter: a chat with the "artificial intelligence" of the tutorial.
import { Greeter } from "@grpc-study/proto/chat";
import { implement } from "@grpc-study/rpc";

export const greeter = () =>
  implement(Greeter, {
    async *bidiHello(requests) {
      for await (const { name } of requests) yield { reply: magic(name) };
    },
  });

/** Turns a question into an answer. */
export function magic(text: string): string {
  return text
    .replaceAll(/[吗吧]/g, "")
    .replaceAll("你", "我")
    .replaceAll(/[？?]/g, "!");
}
