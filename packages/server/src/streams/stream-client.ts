// StreamClient: client streaming.
import { StreamClient } from "@grpc-study/proto/streams";
import { implement } from "@grpc-study/rpc";
import type { Logger } from "pino";

export const streamClient = (log: Logger) =>
  implement(StreamClient, {
    async routeList(requests) {
      for await (const { streamData } of requests) log.info(streamData);
      return { code: 0, value: "ok" };
    },
  });
