// SayHello as a stream: answers the first request after a delay, then ends the stream.
import { setTimeout } from "node:timers/promises";
import { SayHello } from "@grpc-study/proto/hello_stream";
import { Code, implement, RpcError } from "@grpc-study/rpc";
import type { Logger } from "pino";

/** @param delayMs milliseconds between the request and the response. */
export const sayHello = (log: Logger, delayMs = 1000) =>
  implement(SayHello, {
    async *sayHello(requests, { signal }) {
      for await (const { messageName } of requests) {
        log.info(`服务端接受的消息 ${messageName}`);
        await setTimeout(delayMs, undefined, { signal });
        yield { resMessage: `recv ${messageName}` };
        return;
      }
      throw new RpcError(Code.INVALID_ARGUMENT, "the stream ended without a request");
    },
  });
