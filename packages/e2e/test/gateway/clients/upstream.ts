// A gRPC server of this process, whose handlers the tests can inspect, and a gateway in front of it.
import { createGateway, type HttpRuleInit } from "@grpc-study/gateway";
import { Greeter } from "@grpc-study/proto/helloworld";
import { Greeter as Push } from "@grpc-study/proto/push";
import { Code, type Context, detail, implement, RpcError } from "@grpc-study/rpc";
import { BadRequestSchema } from "@grpc-study/rpc/error-details";
import { ConformanceService } from "../../../gen/connectrpc/conformance/v1/service_pb.js";
import { serveRpc } from "../../harness/rpc-server.ts";

/** What the handlers have seen. */
export class Seen {
  /** The names of the greetings. */
  readonly greeted: string[] = [];
  /** The number of responses of each `flood` call. */
  readonly flooded = new Map<string, number>();
  /** The `wait` and `flood` calls that have sent a response. */
  readonly begun = new Set<string>();
  /** How these calls ended: the code of the abort. */
  readonly ended = new Map<string, Code>();
  /** The metadata `last-event-id` of each `count` call. */
  readonly lastEventIds: (string | undefined)[] = [];
}

/** The size of a `flood` response, in bytes. */
export const floodBytes = 64 * 1024;

const implementations = (seen: Seen) => [
  implement(Greeter, {
    sayHello({ name }, { header, trailer }) {
      seen.greeted.push(name);
      header.set("x-greeter", name).set("x-greeter-bin", Uint8Array.of(0, 255));
      trailer.set("x-cost", "1").set("x-cost-bin", Uint8Array.of(1, 254));
      if (name === "fail") {
        const violation = { field: "name", description: "fails" };
        throw new RpcError(Code.NOT_FOUND, "没有 100%", { details: [detail(BadRequestSchema, { fieldViolations: [violation] })] });
      }
      return { message: name === "long" ? "Hello ".repeat(10_000) : `Hello ${name}` };
    },
  }),
  implement(ConformanceService, { idempotentUnary: () => ({ payload: { data: Uint8Array.of(1) } }) }),
  implement(Push, {
    async *getStream({ data }, context) {
      if (data === "count") {
        const last = context.metadata.get("last-event-id");
        seen.lastEventIds.push(last);
        yield { data: "first" };
        // The first connection breaks here.
        if (last === undefined) await aborted(context);
        yield { data: "second" };
        return;
      }
      if (/^(wait|flood)/.test(data)) {
        void aborted(context).then(() => seen.ended.set(data, (context.signal.reason as RpcError).code));
        const flood = { data: data.startsWith("flood") ? "x".repeat(floodBytes) : data };
        yield flood;
        seen.begun.add(data);
        if (data.startsWith("wait")) await aborted(context);
        for (let count = 1; !context.signal.aborted; count++) {
          seen.flooded.set(data, count);
          yield flood;
        }
        return;
      }
      for (let n = 1; n <= 3; n++) yield { data: `${data} ${n}` };
      if (data === "fail") throw new RpcError(Code.DATA_LOSS, "no more");
    },
    async putStream(requests) {
      const all = await Array.fromAsync(requests, ({ data }) => data);
      return { data: all.join(" ") };
    },
    async *allStream(requests, { metadata }) {
      for await (const { data } of requests) {
        if (data === "") throw new RpcError(Code.INVALID_ARGUMENT, "the request is empty");
        yield { data: data === "who" ? (metadata.get("authorization") ?? "nobody") : `${data}!` };
      }
    },
  }),
];

const aborted = ({ signal }: Context) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });

const get = (selector: string, value: string): HttpRuleInit => ({ selector, pattern: { case: "get", value } });
const post = (selector: string, value: string): HttpRuleInit => ({ selector, pattern: { case: "post", value }, body: "*" });

const rules = [
  get("proto.Greeter.SayHello", "/v1/greetings/{name}"),
  get("Greeter.GetStream", "/v1/streams/{data}"),
  post("Greeter.PutStream", "/v1/puts"),
  post("Greeter.AllStream", "/v1/talks"),
];

export interface Front extends AsyncDisposable {
  readonly url: string;
  readonly seen: Seen;
}

export interface FrontOptions {
  /** The origins whose pages may read responses. */
  readonly origins: readonly string[];
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** Starts the server and the gateway. */
export async function startFront({ origins, tls }: FrontOptions): Promise<Front> {
  const stack = new AsyncDisposableStack();
  const seen = new Seen();
  const { address } = stack.use(await serveRpc(implementations(seen)));
  const gateway = createGateway({
    services: [Greeter, Push, ConformanceService],
    upstream: address,
    rules,
    cors: { origin: origins },
    allowedOrigins: origins,
    graceMs: 0,
    ...(tls && { tls }),
  });
  stack.defer(() => gateway.close());
  const { url } = await gateway.listen("127.0.0.1:0");
  return { url, seen, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}
