import { setTimeout } from "node:timers/promises";
import { SayHello } from "@grpc-study/proto/hello_stream";
import { Code, createClient } from "@grpc-study/rpc";
import { expect, test, vi } from "vitest";
import { recordLog, serveServices } from "../../test/serve-services.ts";
import { sayHello } from "./say-hello.ts";

vi.mock("node:timers/promises", { spy: true });

test("only the first request is answered, after the delay, and the stream ends without half-close", async () => {
  const { log, messages } = recordLog();
  const call = createClient(SayHello, await serveServices(sayHello(log, 50))).sayHello();
  const start = performance.now();
  await call.send({ messageName: "zhc" });
  await call.send({ messageName: "again" });
  expect((await call.recv())?.resMessage).toBe("recv zhc");
  // Timers may fire up to a millisecond early.
  expect(performance.now() - start).toBeGreaterThan(48);
  expect(await call.recv()).toBeUndefined();
  expect(messages()).toEqual(["服务端接受的消息 zhc"]);
});

test("a stream without a request is INVALID_ARGUMENT", async () => {
  const call = createClient(SayHello, await serveServices(sayHello(recordLog().log))).sayHello();
  call.closeSend();
  await expect(call.recv()).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT });
});

test("a caller that cancels during the delay stops the timer", async () => {
  const call = createClient(SayHello, await serveServices(sayHello(recordLog().log, 60_000))).sayHello();
  await call.send({ messageName: "zhc" });
  await expect.poll(() => vi.mocked(setTimeout).mock.lastCall?.[0]).toBe(60_000);
  call.cancel();
  await expect.poll(() => vi.mocked(setTimeout).mock.settledResults.at(-1)?.type).toBe("rejected");
});
