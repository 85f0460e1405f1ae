import { SayHello } from "@grpc-study/proto/hello";
import { createClient } from "@grpc-study/rpc";
import { expect, test } from "vitest";
import { serveServices } from "../../test/serve-services.ts";
import { sayHello } from "./say-hello.ts";

test("the greeting contains the name of the request", async () => {
  const client = createClient(SayHello, await serveServices(sayHello()));
  const { resMessage } = await client.sayHello({ messageName: "XiaoMing", messageLen: 8n });
  expect(resMessage).toBe("Message send by SayHello server :Hello XiaoMing");
});
