// The chat: sends the lines that the user types and prints the replies, each at its own pace.
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
      // The server has ended the chat, so no more input is needed.
      lines.close();
    }
  };
  await Promise.all([talk(), listen()]);
}
