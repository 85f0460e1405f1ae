// The greeting: one request, one response.
import { HelloResSchema, SayHello } from "@grpc-study/proto/hello";
import type { Context } from "../topic.ts";

export async function hello({ connect, print }: Context, name: string): Promise<void> {
  const client = connect(SayHello);
  const response = await client.sayHello({ messageName: name, messageLen: 1n });
  await print(HelloResSchema, response, response.resMessage);
}
