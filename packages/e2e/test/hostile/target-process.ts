// A child process with a server that has every kind of call. It replies to the message "condition"
// with its condition. Its arguments are its limits, as JSON, and its transport.
import { createServer, implement } from "@grpc-study/rpc";
import { TestService } from "../../gen/grpc/testing/test_pb.js";
import { serverOptions } from "../../interop/transport.ts";
import { transportOf } from "../harness/transport.ts";
import type { Condition } from "./target.ts";

const faults: string[] = [];
process.on("uncaughtException", (error) => faults.push(`uncaught: ${error.stack}`));
process.on("unhandledRejection", (error) => faults.push(`unhandled: ${error}`));

let calls = 0;
const server = createServer({
  ...serverOptions(transportOf({ E2E_TRANSPORT: process.argv[3] ?? "" })),
  limits: JSON.parse(process.argv[2] ?? "{}"),
  onError: (error) => faults.push(`onError: ${error}`),
  interceptors: [
    (call, next) => {
      calls++;
      call.onEnd(() => calls--);
      return next();
    },
  ],
});
server.add(
  implement(TestService, {
    emptyCall: () => ({}),
    unaryCall: ({ payload, responseSize }) => ({ payload: payload ?? { body: new Uint8Array(responseSize) } }),
    async streamingInputCall(requests) {
      let aggregatedPayloadSize = 0;
      for await (const { payload } of requests) aggregatedPayloadSize += payload?.body.length ?? 0;
      return { aggregatedPayloadSize };
    },
    async *streamingOutputCall({ responseParameters }) {
      for (const { size } of responseParameters) yield { payload: { body: new Uint8Array(size) } };
    },
    async *fullDuplexCall(requests) {
      for await (const { payload } of requests) yield { payload: payload ?? {} };
    },
  }),
);
const { address } = await server.listen("127.0.0.1:0");
console.log(address);

process.on("message", () => {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  const connections = process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
  process.send?.({ heldMib: (heapUsed + external) / 2 ** 20, connections, calls, faults } satisfies Condition);
});
process.on("disconnect", () => process.exit());
