// grpc-js with Buffers as messages: the cost without a codec.
import { fromBinary } from "@bufbuild/protobuf";
import { Server } from "@grpc/grpc-js";
import { AmountSchema } from "../../../gen/es/bench/bench_pb.js";
import { amountBytes, helloBytes } from "../../messages/frame.ts";
import type { ServePeer } from "../peer.ts";
import { definition } from "./definition.ts";
import { handlersOf, listen } from "./handlers.ts";

export const serve: ServePeer = async (tls) => {
  const server = new Server();
  const countOf = (bytes: Buffer) => fromBinary(AmountSchema, bytes).count;
  server.addService(definition, handlersOf({ hello: helloBytes, amount: amountBytes, countOf }));
  return { ready: await listen(server, tls) };
};
