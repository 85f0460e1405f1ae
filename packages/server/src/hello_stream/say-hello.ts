// SayHello as a stream: takes its time over the first request, then ends.
import { setTimeout } from "node:timers/promises";
import { SayHello } from "@grpc-study/proto/hello_stream";
import { Code, implement, RpcError } from "@grpc-study/rpc";
import type { Logger } from "pino";

/** @param delayMs from the request to its answer, in milliseconds. */
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
