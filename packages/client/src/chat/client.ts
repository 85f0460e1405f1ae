// The chat: what the user types goes to the server, what it answers is printed, each at its own pace.
import { Greeter, HelloResponseSchema } from "@grpc-study/proto/chat";
import type { Context } from "../topic.ts";
import type { Lines } from "./lines.ts";

export async function chat({ connect, print }: Context, lines: Lines, timeoutMs: number): Promise<void> {
  const stream = connect(Greeter).bidiHello({ timeoutMs });

  const talk = async () => {
    for await (const line of lines) {
      const name = line.trim();
      if (name === "") continue;
      if (name.toUpperCase() === "QUIT") break;
      if (!(await stream.send({ name }))) break;
    }
    stream.closeSend();
  };
  const listen = async () => {
    try {
      for await (const response of stream) await print(HelloResponseSchema, response, `AI：${response.reply}`);
    } finally {
      // The server has ended the chat: the user need not.
      lines.close();
    }
  };
  await Promise.all([talk(), listen()]);
}
