// Two clients in one process: without and with an interceptor.
import { type ClientInterceptor, createClient } from "@grpc-study/rpc";
import { Bench } from "../../gen/es/bench/bench_pb.js";
import { hello } from "../messages/values.ts";
import type { Serve } from "../process/hosted.ts";
import { failedCalls, observeClient } from "./observe.ts";
import type { Ports } from "./server-process.ts";
import { counted, usage } from "./usage.ts";

export interface Calls {
  readonly contestant: "without" | "observed";
  readonly inFlight: number;
  readonly milliseconds: number;
}

export const serve: Serve<Ports, null> = (ports) => {
  const connect = (port: number, interceptors: readonly ClientInterceptor[]) => createClient(Bench, `127.0.0.1:${port}`, { interceptors });
  const clients = { without: connect(ports.without, []), observed: connect(ports.observed, [observeClient]) };
  const calls = async ({ contestant, inFlight, milliseconds }: Calls) => {
    const client = clients[contestant];
    const end = performance.now() + milliseconds;
    const work = async () => {
      while (performance.now() < end) {
        await client.say(hello);
        counted();
      }
    };
    await Promise.all(Array.from({ length: inFlight }, work));
  };
  return { ready: null, commands: { calls, usage, failedCalls } };
};
