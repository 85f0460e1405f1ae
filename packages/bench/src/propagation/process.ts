// A process with servers: one that answers by itself, or several whose handlers call another server.
import { createClient, createServer, type Handlers, implement, type ServerOptions } from "@grpc-study/rpc";
import { Bench } from "../../gen/es/bench/bench_pb.js";
import { hello } from "../messages/values.ts";
import type { Serve } from "../process/hosted.ts";

/** What the servers do. */
export type Servers =
  /** Answers by itself. `hasClient`: the process has a client, so that it enters its calls. */
  | { readonly kind: "leaf"; readonly hasClient: boolean }
  /** Each server has a handler that calls the server with this port. */
  | { readonly kind: "calls on"; readonly port: number };

/** The port of each server. */
export type Ports = Readonly<Record<string, number>>;

export const serve: Serve<Servers, Ports> = async (servers) => {
  if (servers.kind === "leaf") {
    if (servers.hasClient) createClient(Bench, createServer().channel());
    return { ready: { leaf: await listen(({ name }) => ({ name })) } };
  }
  const address = `127.0.0.1:${servers.port}`;
  const inheriting = createClient(Bench, address);
  const other = createClient(Bench, address, { inherit: false });
  return {
    ready: {
      inherited: await listen((request) => inheriting.say(request), limited),
      "by hand": await listen((request, { signal, deadline }) => other.say(request, { signal, deadline }), limited),
      nothing: await listen((request) => other.say(request), limited),
    },
  };
};

/** Each call has a deadline to inherit. */
const limited: ServerOptions = { maxTimeoutMs: 60_000 };

async function listen(say: NonNullable<Handlers<typeof Bench>["say"]>, options?: ServerOptions): Promise<number> {
  const server = createServer(options);
  server.add(
    implement(Bench, {
      say,
      *count({ count }) {
        for (let i = 0; i < count; i++) yield hello;
      },
    }),
  );
  return (await server.listen("127.0.0.1:0")).port;
}
