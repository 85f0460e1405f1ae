// Two servers in one process: without and with an interceptor.
import { createServer, implement, type ServerInterceptor } from "@grpc-study/rpc";
import { Bench } from "../../gen/es/bench/bench_pb.js";
import { hello } from "../messages/values.ts";
import type { Serve } from "../process/hosted.ts";
import { failedCalls, observeServer } from "./observe.ts";
import { counted, usage } from "./usage.ts";

/** The ports of the servers. */
export interface Ports {
  readonly without: number;
  readonly observed: number;
}

function say({ name }: { readonly name: string }): { name: string } {
  counted();
  return { name };
}

/** @param isAsync whether the handler of the unary method is an async function. */
const bench = (isAsync: boolean) =>
  implement(Bench, {
    say: isAsync ? async (request) => say(request) : say,
    *count({ count }) {
      for (let i = 0; i < count; i++) {
        counted();
        yield hello;
      }
    },
    async gather(requests) {
      let count = 0;
      for await (const _ of requests) {
        counted();
        count++;
      }
      return { count };
    },
    async *chat(requests) {
      for await (const request of requests) yield say(request);
    },
  });

export const serve: Serve<{ isAsync: boolean }, Ports> = async ({ isAsync }) => {
  const listen = async (interceptors: readonly ServerInterceptor[]): Promise<number> => {
    const server = createServer({ interceptors });
    server.add(bench(isAsync));
    return (await server.listen("127.0.0.1:0")).port;
  };
  return { ready: { without: await listen([]), observed: await listen([observeServer]) }, commands: { usage, failedCalls } };
};
