import { setTimeout } from "node:timers/promises";
import { SayHello } from "@grpc-study/proto/hello";
import { Greeter } from "@grpc-study/proto/push";
import { OrderHistory, ProdAreas, ProdService, UserService } from "@grpc-study/proto/shop";
import { Code, type Context, implement, RpcError } from "@grpc-study/rpc";
import { expect, onTestFinished, test, vi } from "vitest";
import { serve, start } from "../test/io.ts";

const hello = implement(SayHello, { sayHello: ({ messageName }) => ({ resMessage: `Hello ${messageName}` }) });

/** Runs a command to its end. */
const cli = (...args: string[]) => start(...args).ended;

test("a command prints the output of the tutorial's client and ends with status 0", async () => {
  const { address } = await serve(hello);
  expect(await cli("hello", "--addr", address)).toEqual({ status: 0, stdout: "Hello XiaoMing\n", stderr: "" });
  expect(await cli("hello", "--addr", address, "--name", "LiLei")).toMatchObject({ stdout: "Hello LiLei\n" });
});

test("health ends with status 0 only if the service is SERVING", async () => {
  const { address, server } = await serve(hello);
  const health = (...args: string[]) => cli("health", "--addr", address, ...args);
  expect(await health()).toEqual({ status: 0, stdout: "SERVING\n", stderr: "" });
  expect(await health("--service", SayHello.typeName)).toMatchObject({ status: 0 });
  expect(await health("--service", "nosuch")).toEqual({ status: 1, stdout: "", stderr: 'NOT_FOUND: unknown service "nosuch"\n' });
  server.health.set(SayHello.typeName, "NOT_SERVING");
  expect(await health("--service", SayHello.typeName)).toEqual({
    status: 1,
    stdout: "",
    stderr: `error: ${SayHello.typeName} is NOT_SERVING\n`,
  });
  expect(await cli("health", "--addr", "localhost:1")).toMatchObject({ status: 1, stdout: "" });
});

test("--json prints all fields of a message, with the names of the .proto file", async () => {
  const { address } = await serve(implement(ProdService, { getProdStock: () => ({}) }));
  expect(await cli("shop", "stock", "--json", "--addr", address)).toMatchObject({ stdout: '{"prod_stock":0}\n' });
});

test("common options may stand before and after the name of a call", async () => {
  const { address } = await serve(
    implement(ProdService, { getProdStock: ({ prodId, prodArea }) => ({ prodStock: prodId * 10 + prodArea }) }),
  );
  const after = await cli("shop", "stock", "--id", "7", "--area", "B", "--addr", address);
  const before = await cli("shop", "--addr", address, "stock", "--id", "7", "--area", "B");
  expect(after).toEqual({ status: 0, stdout: `${70 + ProdAreas.B}\n`, stderr: "" });
  expect(before).toEqual(after);
});

test.each([["--filter", "user_id = 7"], ["--page-size", "5"], ["--page-token", "x"], ["--all"]])(
  "shop orders --no excludes %s",
  async (...other) => {
    const { status, stdout, stderr } = await cli("shop", "orders", "--no", "1", ...other);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^error: option '--no <text>' cannot be used with option '--[^\n]+'\n$/);
    expect(stderr).toContain(other[0]);
  },
);

test("shop watch continues after its position when a watch fails, and Ctrl-C ends it with status 0", async () => {
  const requests: (bigint | undefined)[] = [];
  const { promise: continued, resolve } = Promise.withResolvers<void>();
  const { address } = await serve(
    implement(OrderHistory, {
      async *watchOrders({ afterPosition, filter }, { signal }) {
        requests.push(afterPosition);
        const attempt = requests.length;
        const order = { order: { orderNo: `${filter}${attempt}` }, position: 10n * BigInt(attempt) };
        yield { position: order.position - 1n };
        if (attempt < 4) yield { order, position: order.position };
        if (attempt === 1) throw new RpcError(Code.UNAVAILABLE, "restart");
        if (attempt === 2) throw new RpcError(Code.RESOURCE_EXHAUSTED, "too slow");
        if (attempt === 3) return;
        resolve();
        await setTimeout(10_000, undefined, { signal });
      },
    }),
  );
  const { interrupt, ended } = start("shop", "watch", "--json", "--filter", "f", "--from", "5", "--addr", address);
  await continued;
  interrupt.raise();
  const { status, stdout, stderr } = await ended;
  expect(requests).toEqual([5n, 10n, 20n, 30n]);
  const lines = stdout.trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toMatchObject(
    [1, 2, 3].map((n) => ({ order: { order_no: `f${n}` }, position: `${10 * n}` })),
  );
  expect([status, stderr]).toEqual([
    0,
    "UNAVAILABLE: restart; continuing after position 10\nRESOURCE_EXHAUSTED: too slow; continuing after position 20\n",
  ]);
});

test("shop watch fails if it cannot begin, and if its position is of another database", async () => {
  expect(await cli("shop", "watch", "--addr", "localhost:1")).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^UNAVAILABLE: .+\n$/),
  });
  const { address } = await serve(
    implement(OrderHistory, {
      async *watchOrders({ afterPosition }) {
        if (afterPosition !== undefined) throw new RpcError(Code.OUT_OF_RANGE, "position 7 is after the end");
        yield { position: 7n };
        throw new RpcError(Code.UNAVAILABLE, "restart");
      },
    }),
  );
  expect(await cli("shop", "watch", "--addr", address)).toEqual({
    status: 1,
    stdout: "",
    stderr: "UNAVAILABLE: restart; continuing after position 7\nOUT_OF_RANGE: position 7 is after the end\n",
  });
});

test("scores sends the number of users and requests of the options, in each mode", async () => {
  const log: string[] = [];
  const users = ({ users }: { users: { userId: number }[] }) => users.map(({ userId }) => ({ userId, userScore: 1 }));
  const { address } = await serve(
    implement(UserService, {
      getUserScore: (request) => {
        log.push("unary");
        return { users: users(request) };
      },
      *getUserScoreByServerStream(request) {
        log.push("server");
        for (const user of users(request)) yield { users: [user] };
      },
      getUserScoreByClientStream: async (requests) => {
        const all = await Array.fromAsync(requests, users);
        log.push(`client ${all.length}`);
        return { users: all.flat() };
      },
      async *getUserScoreByDoubleEndStream(requests) {
        for await (const request of requests) {
          log.push("double");
          yield { users: users(request) };
        }
      },
    }),
  );
  const scores = async (...args: string[]) => (await cli("shop", "scores", "--addr", address, ...args)).stdout;
  const [one, two] = ["user_id:1 user_score:1", "user_id:2 user_score:1"];
  expect(await scores("--users", "2")).toBe(`[${one} ${two}]\n`);
  expect(await scores("--users", "2", "--mode", "server")).toBe(`[${one}]\n[${two}]\n`);
  expect(await scores("--users", "1", "--mode", "client")).toBe(`[${one} ${one} ${one}]\n`);
  expect(await scores("--users", "2", "--mode", "double", "--batches", "2")).toBe(`[${one} ${two}]\n[${one} ${two}]\n`);
  expect(log).toEqual(["unary", "server", "client 3", "double", "double"]);
});

test("metadata is sent with the call and is not printed", async () => {
  let metadata: Context["metadata"] | undefined;
  const { address } = await serve(
    implement(SayHello, {
      sayHello: (_request, context) => {
        metadata = context.metadata;
        throw new RpcError(Code.UNAUTHENTICATED, "Token 不正确");
      },
    }),
  );
  const result = await cli(
    "hello",
    "--addr",
    address,
    "--metadata",
    "user=xiaoming",
    "--metadata",
    "token=secret",
    "--metadata",
    "token=2",
  );
  expect(result).toEqual({ status: 1, stdout: "", stderr: "UNAUTHENTICATED: Token 不正确\n" });
  expect(metadata?.getAll("user")).toEqual(["xiaoming"]);
  expect(metadata?.getAll("token")).toEqual(["secret", "2"]);
  expect(await cli("hello", "--metadata", "secret")).toEqual({ status: 2, stdout: "", stderr: expect.not.stringContaining("secret") });
});

test("an error of a call is one line, whatever its message", async () => {
  const { address } = await serve(
    implement(SayHello, {
      sayHello: () => {
        throw new RpcError(Code.INVALID_ARGUMENT, "two\nlines\x1b[2J");
      },
    }),
  );
  expect(await cli("hello", "--addr", address)).toEqual({ status: 1, stdout: "", stderr: "INVALID_ARGUMENT: two lines\\u001b[2J\n" });
});

test("--json escapes characters that control a terminal, and a JSON parser reads what the server sent", async () => {
  const reply = "\u0085\u009b2J \u202e \u2066 \u2028 \u007f 你好";
  const { address } = await serve(implement(SayHello, { sayHello: () => ({ resMessage: reply }) }));
  const { stdout } = await cli("hello", "--json", "--addr", address);
  expect(stdout).toMatch(/^[^\p{Cc}\p{Zl}\p{Bidi_Control}]+\n$/u);
  expect(JSON.parse(stdout)).toEqual({ resMessage: reply });
});

test.each(["GRPC_STUDY_CERTS", "GRPC_STUDY_USER", "GRPC_STUDY_TOKEN"])("an empty %s counts as unset", async (name) => {
  vi.stubEnv(name, "");
  onTestFinished(() => void vi.unstubAllEnvs());
  let metadata: Context["metadata"] | undefined;
  const { address } = await serve(
    implement(SayHello, {
      sayHello: (_request, context) => {
        metadata = context.metadata;
        return {};
      },
    }),
  );
  expect(await cli("hello", "--addr", address)).toMatchObject({ status: 0, stderr: "" });
  expect([metadata?.get("user"), metadata?.get("token")]).toEqual([undefined, undefined]);
  expect((await cli("hello", "--help")).stdout.replaceAll(/\s+/g, "")).toMatch(/default:"[^"]+certs"/);
});

test("--timeout is the deadline of a call", async () => {
  const { address } = await serve(implement(SayHello, { sayHello: async (_request, { signal }) => setTimeout(10_000, {}, { signal }) }));
  const { status, stderr } = await cli("hello", "--addr", address, "--timeout", "100ms");
  expect(status).toBe(1);
  expect(stderr).toMatch(/^DEADLINE_EXCEEDED: .+\n$/);
});

test("Ctrl-C cancels the call and ends the command with status 130 and no output", async () => {
  const { promise: called, resolve } = Promise.withResolvers<AbortSignal>();
  const { address } = await serve(
    implement(SayHello, {
      sayHello: async (_request, { signal }) => {
        resolve(signal);
        return setTimeout(10_000, {}, { signal });
      },
    }),
  );
  const { interrupt, ended } = start("hello", "--addr", address);
  const signal = await called;
  interrupt.raise();
  expect(await ended).toEqual({ status: 130, stdout: "", stderr: "" });
  await expect.poll(() => signal.aborted).toBe(true);
});

test("the first Ctrl-C half-closes push all, which ends when the server ends the stream", async () => {
  const { promise: called, resolve } = Promise.withResolvers<void>();
  const { address } = await serve(
    implement(Greeter, {
      async *allStream(requests) {
        for await (const { data } of requests) {
          yield { data };
          resolve();
        }
        yield { data: "bye" };
      },
    }),
  );
  const { interrupt, ended } = start("push", "all", "--addr", address);
  await called;
  interrupt.raise();
  expect(await ended).toEqual({ status: 0, stdout: 'data:"ssss"\ndata:"bye"\n', stderr: "" });
});

test("push sends --count messages", async () => {
  const { address } = await serve(
    implement(Greeter, {
      putStream: async (requests) => ({ data: (await Array.fromAsync(requests, ({ data }) => data)).join() }),
      async *allStream(requests) {
        for await (const { data } of requests) yield { data };
      },
    }),
  );
  const push = (call: string) => cli("push", call, "--addr", address, "--count", "3", "--interval", "1");
  expect(await push("put")).toEqual({ status: 0, stdout: 'data:"ss,ss,ss"\n', stderr: "" });
  expect(await push("all")).toEqual({ status: 0, stdout: 'data:"ssss"\n'.repeat(3), stderr: "" });
});

test.each([
  [["nope"], "unknown command 'nope'"],
  [["hello", "--nope"], "unknown option '--nope'"],
  [["hello", "--nmae", "x"], "Did you mean --name?"],
  [["--tls", "hello"], "unknown option '--tls'; options come after the topic"],
  [["hello", "--name"], "argument missing"],
  [["hello", "extra"], "too many arguments"],
  [["hello", "--addr", "nowhere"], "127.0.0.1:8972"],
  [["hello", "--timeout", "soon"], "500ms, 1s or 2m"],
  [["streams", "nope"], "list-value, route-list, conversations"],
  [["shop", "nope"], "stock, stocks, info, scores, order"],
  [["shop", "stock", "--id", "abc"], "integer"],
  [["shop", "stock", "--area", "D"], "A, B, C"],
  [["shop", "scores", "--mode", "both"], "unary, server, client, double"],
  [["shop", "watch", "--from", "-1"], "an integer from 0 to 9223372036854775807"],
  [["shop", "order", "--id", "1"], "'--no <text>' not specified"],
  [["shop", "order", "--id", "1", "--no", "1", "--user-id", "1", "--money", "1", "--time", "now"], "2021-07-22T10:00:00Z"],
])("%j fails with one line and status 2", async (args, reason) => {
  const { status, stdout, stderr } = await cli(...args);
  expect(status).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/^error: .+\n$/);
  expect(stderr).toContain(reason);
});

test("--help goes to stdout and ends with status 0; a missing command is an error", async () => {
  expect(await cli("shop", "--help")).toEqual({ status: 0, stdout: expect.stringContaining("scores"), stderr: "" });
  expect(await cli()).toEqual({ status: 1, stdout: "", stderr: expect.stringContaining("Usage: ") });
});
