// Our client retries calls to grpc-go servers: which attempts the servers see, and that restarts
// cost no call.
import { setTimeout as pause } from "node:timers/promises";
import { Greeter as Helloworld } from "@grpc-study/proto/helloworld";
import { Greeter } from "@grpc-study/proto/push";
import { type CallOptions, type ChannelOptions, Code, createChannel, createClient, RpcError } from "@grpc-study/rpc";
import { describe, expect, onTestFinished, test } from "vitest";
import { buildGo, hasGo } from "../harness/go-program.ts";
import { Process } from "../harness/process.ts";

class GoServer {
  readonly port: string;
  readonly process: Process;

  private constructor(process: Process) {
    this.process = process;
    this.port = process.stdout.text.trim();
  }

  static async start(program: string, port = "0"): Promise<GoServer> {
    const process = new Process(program, [`127.0.0.1:${port}`]);
    onTestFinished(() => process[Symbol.asyncDispose]());
    await process.stdout.count(1);
    return new GoServer(process);
  }
}

const retry = { codes: ["UNAVAILABLE"], maxAttempts: 4, initialBackoffMs: 20, maxBackoffMs: 200 } as const;

function clientsOf(target: string, options: ChannelOptions) {
  const channel = createChannel(target, options);
  onTestFinished(() => channel.close());
  return { push: createClient(Greeter, channel), hello: createClient(Helloworld, channel) };
}

/** Makes a call of each kind. Each resolves with the response text. */
function kindsOf({ push, hello }: ReturnType<typeof clientsOf>): Record<string, (options: CallOptions) => Promise<string>> {
  const requests = [{ data: "one" }, { data: "two" }];
  const first = async (responses: AsyncIterable<{ data: string }>) => {
    let text = "";
    for await (const { data } of responses) text += data;
    return text;
  };
  return {
    unary: async (options) => (await hello.sayHello({ name: "one" }, options)).message,
    "server stream": (options) => first(push.getStream({ data: "one" }, options)),
    "client stream": async (options) => (await push.putStream(requests, options)).data,
    "bidi stream": (options) => first(push.allStream(requests, options)),
  };
}

const codeOf = async (call: Promise<unknown>) =>
  call.then(
    () => Code.OK,
    (error: unknown) => RpcError.from(error).code,
  );

// Sequential: `onTestFinished` does not work in concurrent tests.
describe.skipIf(!hasGo)("with servers on grpc-go", { concurrent: false }, () => {
  test("grpc-go sees the number of previous attempts, and all requests of each attempt", { timeout: 180_000 }, async () => {
    const server = await GoServer.start(buildGo("retries"));
    const target = `127.0.0.1:${server.port}`;
    const calls = kindsOf(clientsOf(target, { retry }));
    for (const [kind, call] of Object.entries(calls)) {
      const requests = kind.startsWith("client") || kind.startsWith("bidi") ? 2 : 1;
      const fails = (failures: string, pushback?: string): CallOptions => ({
        metadata: { "x-call": `${kind} ${failures} ${pushback}`, "x-failures": failures, ...(pushback && { "x-pushback": pushback }) },
      });
      expect(await call({}), kind).toBe(`sent before: 0, requests: ${requests}`);
      expect(await call(fails("2")), kind).toBe(`sent before: 2, requests: ${requests}`);
      expect(await codeOf(call(fails("4"))), `${kind}, all attempts`).toBe(Code.UNAVAILABLE);
      expect(await codeOf(call(fails("1", "-1"))), `${kind}, forbidden to retry`).toBe(Code.UNAVAILABLE);
      const began = performance.now();
      expect(await call(fails("1", "300")), kind).toBe(`sent before: 1, requests: ${requests}`);
      expect(performance.now() - began, kind).toBeGreaterThan(290);
    }
    const hedging = { maxAttempts: 3, delayMs: 100 };
    const { hello } = clientsOf(target, { methods: [{ service: Helloworld, method: "sayHello", hedging }] });
    const { message } = await hello.sayHello({ name: "one" }, { metadata: { "x-call": "hedged", "x-silent": "1" } });
    expect(message).toBe("sent before: 1, requests: 1");
    await server.process.stdout.line((line) => line === "cancelled hedged 1");
  });

  test.each([
    ["stopped", "pick_first", undefined],
    ["stopped", "round_robin", undefined],
    ["killed", "pick_first", retry],
    ["killed", "round_robin", retry],
  ] as const)(
    "no call fails while two grpc-go servers are %s and restarted in turn under load, with %s",
    { timeout: 180_000 },
    async (how, balancing, retry) => {
      const program = buildGo("retries");
      const servers = [await GoServer.start(program), await GoServer.start(program)] as const;
      const target = `ipv4:${servers.map(({ port }) => `127.0.0.1:${port}`).join()}`;
      const calls = Object.values(kindsOf(clientsOf(target, { balancing, retry, backoff: { initialMs: 100, maxMs: 300 } })));
      const failures: string[] = [];
      let [sent, stop] = [0, false];
      const load = calls.flatMap((call) =>
        Array.from({ length: 4 }, async () => {
          for (let i = 0; i < 20_000 && !stop; i++) {
            sent++;
            await call({}).catch((error: unknown) => failures.push(String(error)));
          }
        }),
      );
      for (const { process, port } of servers) {
        await pause(200);
        if (how === "killed") process.kill("SIGKILL");
        else process.stdin.write("\n");
        await process.exit;
        await pause(100);
        await GoServer.start(program, port);
        await pause(600);
      }
      stop = true;
      await Promise.all(load);
      expect(failures).toEqual([]);
      expect(sent).toBeGreaterThan(200);
    },
  );
});
