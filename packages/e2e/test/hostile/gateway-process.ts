// A child process with a gateway in front of its own server. It replies to the message "condition"
// with its condition. Its argument is the gateway's options, as JSON.
import { createGateway } from "@grpc-study/gateway";
import { createServer, implement } from "@grpc-study/rpc";
import { TestService } from "../../gen/grpc/testing/test_pb.js";
import type { Condition } from "./target.ts";

const faults: string[] = [];
process.on("uncaughtException", (error) => faults.push(`uncaught: ${error.stack}`));
process.on("unhandledRejection", (error) => faults.push(`unhandled: ${error}`));

let calls = 0;
const server = createServer({
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
    unaryCall: ({ payload }) => ({ payload: payload ?? {} }),
    async *fullDuplexCall(requests) {
      for await (const { payload } of requests) yield { payload: payload ?? {} };
    },
  }),
);
const { address } = await server.listen("127.0.0.1:0");
const gateway = createGateway({ services: [TestService], upstream: address, unbound: true, ...JSON.parse(process.argv[2] ?? "{}") });
console.log(new URL((await gateway.listen("127.0.0.1:0")).url).host);

process.on("message", () => {
  for (let times = 0; times < 2; times++) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  const connections = process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
  process.send?.({ heldMib: (heapUsed + external) / 2 ** 20, connections, calls, faults } satisfies Condition);
});
process.on("disconnect", () => process.exit());
