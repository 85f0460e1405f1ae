// Hello world: one request, one response.
import { Greeter, HelloReplySchema } from "@grpc-study/proto/helloworld";
import type { Context } from "../topic.ts";

export async function helloworld({ connect, print }: Context, name: string): Promise<void> {
  const client = connect(Greeter);
  const reply = await client.sayHello({ name });
  await print(HelloReplySchema, reply, `Greeting: ${reply.message}`);
}
