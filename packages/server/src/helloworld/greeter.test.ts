import { Greeter } from "@grpc-study/proto/helloworld";
import { createClient } from "@grpc-study/rpc";
import { expect, test } from "vitest";
import { recordLog, serveServices } from "../../test/serve-services.ts";
import { greeter } from "./greeter.ts";

test("the response contains the name, which is logged", async () => {
  const { log, messages } = recordLog();
  const client = createClient(Greeter, await serveServices(greeter(log)));
  expect((await client.sayHello({ name: "100% world" })).message).toBe("Hello 100% world");
  expect(messages()).toEqual(["Received: 100% world"]);
});
