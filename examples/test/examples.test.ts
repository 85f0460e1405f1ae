// Each example as a process: against the packages' command of the other side, against the example
// of the other side, and against the output that the Go tutorial shows.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCertificates } from "@grpc-study/server/certs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bufCommand, clientCommand, example, fastSeconds, killAll, run, serve, serverCommand, start } from "./program.ts";

/** Where all programs run: its certs/ are their certificates. */
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "grpc-study-examples-"));
  await createCertificates({ dir: join(folder, "certs") });
});
afterAll(async () => {
  killAll();
  await rm(folder, { recursive: true });
});

const greeting = "Message send by SayHello server :Hello XiaoMing\n";

const streamed = [0, 1, 2, 3, 4].map((n) => `stream server grpc ${n}\n`).join("");
const answered = [0, 1, 2, 3, 4].map((n) => `from stream server answer: the ${n + 1} question is stream client rpc ${n}\n`).join("");

/** A list of scores, as Go prints it. Go's are random: each is a number below 100. */
const scores = (...ids: number[]) => `\\[${ids.map((id) => `user_id:${id} user_score:\\d\\d?`).join(" ")}\\]\n`;
const five = [1, 2, 3, 4, 5];
const shop = new RegExp(
  [
    "^114514\n\\[prod_stock:114514 prod_stock:10086 prod_stock:721 prod_stock:666\\]\nprod_stock:666\n",
    ...[scores(1, 2), scores(3, 4), scores(5), scores(...five, ...five, ...five), scores(...five).repeat(3), "$"],
  ].join(""),
);

interface Topic {
  /** The folder of the examples. */
  readonly name: string;
  /** The topic of the commands. Default: the name. */
  readonly topic?: string;
  /** Which of the rows that `serve` prints for the topic is the one. Default: the first. */
  readonly security?: string;
  /** What is typed into the client. */
  readonly input?: string;
  /** The client command's arguments, where it needs more than the topic. */
  readonly client?: readonly string[];
  /** What the client prints: the tutorial's text. */
  readonly output: string | RegExp;
  /** What the server prints below its first line. */
  readonly log?: string;
}

const topics: readonly Topic[] = [
  {
    name: "chat",
    input: "1\n\n  我是谁？ \n你好么？\n你好\nQuit\nnot sent\n",
    output: "AI：1\nAI：我是谁!\nAI：我好么!\nAI：我好\n",
  },
  { name: "hello", output: greeting },
  { name: "hello/tls", topic: "hello", security: "TLS", client: ["--tls"], output: greeting },
  { name: "hello/mtls", topic: "hello", security: "mutual TLS", client: ["--mtls"], output: greeting },
  {
    name: "hello/token",
    topic: "hello",
    security: "token",
    client: ["--user", "xiaoming", "--token", "123321123"],
    output: greeting,
  },
  { name: "hello-stream", output: "接受服务端的resp: recv zhc\n", log: "服务端接受的消息 zhc\n" },
  { name: "helloworld", output: "Greeting: Hello world\n", log: "Received: world\n" },
  {
    name: "streams",
    output: `${streamed}value:"ok"\n${answered}`,
    log: ["", "from stream client question: "].flatMap((text) => five.map((n) => `${text}stream client rpc ${n - 1}\n`)).join(""),
  },
  { name: "shop", output: shop },
];

describe.each(topics)("$name", ({ name, topic = name, security = "plaintext", input = "", client = [], output, log = "" }) => {
  const printed = { status: 0, stdout: typeof output === "string" ? output : expect.stringMatching(output), stderr: "" };

  test("the server example serves the client command and the client example, and Ctrl-C ends it with status 0", async () => {
    await using server = await serve(folder, `${name}/server`);
    expect(await run(folder, [clientCommand, topic, "--addr", server.address, ...client], input)).toEqual(printed);
    expect(await run(folder, [example(`${name}/client`), server.address], input)).toEqual(printed);
    server.child.kill("SIGINT");
    expect(await server.ended).toBe(0);
    expect(server.stdout().split("\n").slice(1).join("\n")).toBe(log.repeat(2));
    expect(server.stderr()).toBe("");
  });

  test("the client example calls the server command", async () => {
    await using server = start(folder, [serverCommand, topic, "--host", "127.0.0.1", "--port", "0"]);
    const [, address = ""] = await server.printed(new RegExp(`(\\S+:\\d+) .*  ${security}\n`));
    expect(await run(folder, [example(`${name}/client`), address], input)).toEqual(printed);
  });
});

describe("push", () => {
  const received = `(data:"\\d{10}"\n){11}`;

  test("the server example serves the client command", async () => {
    await using server = await serve(folder, "push/server", ...fastSeconds);
    const push = (...args: string[]) => run(folder, [clientCommand, "push", ...args, "--addr", server.address]);
    const [get, put, all] = await Promise.all([
      push("get"),
      push("put", "--interval", "1ms"),
      push("all", "--count", "3", "--interval", "1ms"),
    ]);
    expect(get).toEqual({ status: 0, stdout: expect.stringMatching(new RegExp(`^${received}$`)), stderr: "" });
    expect(put).toEqual({ status: 0, stdout: `data:"10"\n`, stderr: "" });
    expect(all).toEqual({ status: 0, stdout: expect.stringMatching(/^(data:"ssss"\n)+$/), stderr: "" });
    expect(server.stdout().match(/^data:"ss"$/gm)).toHaveLength(10);
    expect(server.stdout().match(/^data:"ssss"$/gm)).toHaveLength(3);
    server.child.kill("SIGINT");
    expect(await server.ended).toBe(0);
    expect(server.stderr()).toBe("");
  });

  test.each(["command", "example"])("the client example calls the server %s, and Ctrl-C half-closes the last stream", async (side) => {
    const command = [serverCommand, "push", "--host", "127.0.0.1", "--port", "0"];
    await using server = start(
      folder,
      side === "command" ? [...fastSeconds, ...command] : [...fastSeconds, example("push/server"), "127.0.0.1:0"],
    );
    const [address] = await server.printed(/127\.0\.0\.1:\d+/);
    await using client = start(folder, [...fastSeconds, example("push/client"), address]);
    await client.printed(/(data:"ssss"\n){3}/);
    client.child.kill("SIGINT");
    expect(await client.ended).toBe(0);
    expect(client.stdout()).toMatch(new RegExp(`^${received}EOF\ndata:"10"\n(data:"ssss"\n){3,}$`));
    expect(client.stderr()).toBe("");
    server.child.kill("SIGINT");
    expect(await server.ended).toBe(0);
  });

  test("the server example pushes once a second, and a client that is killed leaves it serving", async () => {
    await using server = await serve(folder, "push/server");
    await using getting = start(folder, [clientCommand, "push", "get", "--addr", server.address]);
    await using both = start(folder, [clientCommand, "push", "all", "--addr", server.address]);
    await getting.printed(/(data:.*\n)/);
    const first = performance.now();
    await getting.printed(/(data:.*\n){2}/);
    expect(performance.now() - first).toBeGreaterThan(500);
    await both.printed(/(data:.*\n)/);
    getting.child.kill("SIGKILL");
    both.child.kill("SIGKILL");
    await Promise.all([getting.ended, both.ended]);
    expect(await run(folder, [clientCommand, "push", "put", "--count", "1", "--interval", "1ms", "--addr", server.address])).toMatchObject({
      status: 0,
    });
    expect(server.stderr()).toBe("");
  });
});

describe("the shop over HTTP", () => {
  test.each(["example", "command"])("http.ts calls the shop %s over mutual TLS", async (side) => {
    await using server = start(
      folder,
      side === "example" ? [example("shop/mtls"), "127.0.0.1:0"] : [serverCommand, "shop", "--host", "127.0.0.1", "--port", "0"],
    );
    const [, upstream = ""] = await server.printed(side === "example" ? /(\S+:\d+)\n/ : /(\S+:\d+) .* mutual TLS\n/);
    await using gateway = start(folder, [example("shop/http"), "0", upstream]);
    const [, port] = await gateway.printed(/serving HTTP at http:\/\/\S+:(\d+)\n/);
    const url = `http://localhost:${port}`;

    expect(await (await fetch(`${url}/v1/prod/998`)).text()).toBe('{"prod_stock":114514}');
    expect(await (await fetch(`${url}/v1/prod/998?prod_area=B`)).text()).toBe('{"prod_stock":721}');
    const order = { order_id: 1, order_no: "20210722", user_id: 7, order_money: 20.5, order_time: "2021-07-22T10:00:00Z" };
    const headers = { "content-type": "application/json" };
    const posted = await fetch(`${url}/v1/orders`, { method: "POST", headers, body: JSON.stringify(order) });
    expect(await posted.text()).toBe('{"status":"OK","message":"success"}');
    const invalid = await fetch(`${url}/v1/prod/0`);
    expect({ status: invalid.status, body: await invalid.json() }).toMatchObject({ status: 400, body: { code: 3 } });

    for (const program of [gateway, server]) {
      program.child.kill("SIGINT");
      expect(await program.ended).toBe(0);
    }
  });
});

describe("errors", () => {
  test("the token server rejects a missing token and a wrong one", async () => {
    await using server = await serve(folder, "hello/token/server");
    const call = (...args: string[]) => run(folder, [clientCommand, "hello", "--addr", server.address, ...args]);
    expect(await call()).toEqual({ status: 1, stdout: "", stderr: "UNAUTHENTICATED: 未传输Token\n" });
    const wrong = { status: 1, stdout: "", stderr: "UNAUTHENTICATED: Token 不正确\n" };
    expect(await call("--user", "xiaoming", "--token", "wrong")).toEqual(wrong);
    expect(await call("--user", "somebody", "--token", "123321123")).toEqual(wrong);
  });

  test.each(["hello/mtls/server", "shop/mtls"])("%s rejects a client without a certificate", async (name) => {
    await using server = await serve(folder, name);
    const args = name.startsWith("shop") ? ["shop", "stock"] : ["hello"];
    expect(await run(folder, [clientCommand, ...args, "--addr", server.address, "--tls"])).toMatchObject({ status: 1, stdout: "" });
    expect(await run(folder, [clientCommand, ...args, "--addr", server.address, "--mtls"])).toMatchObject({ status: 0 });
  });

  test("the hello-stream server answers a half-close without a request with INVALID_ARGUMENT", async () => {
    await using server = await serve(folder, "hello-stream/server");
    const { SayHello } = await import("@grpc-study/proto/hello_stream");
    const { createClient } = await import("@grpc-study/rpc");
    const client = createClient(SayHello, server.address);
    const stream = client.sayHello();
    stream.closeSend();
    await expect(stream.recv()).rejects.toMatchObject({ code: 3 });
    client[Symbol.dispose]();
  });

  test.each([...topics.map(({ name }) => name), "push"])("the %s client reports a refused connection on one line", async (name) => {
    // Nothing listens on port 1.
    await using client = start(folder, [example(`${name}/client`), "127.0.0.1:1"]); // its stdin stays open
    expect(await client.ended).toBe(1);
    expect(client.stdout()).toBe("");
    expect(client.stderr()).toMatch(/^[a-z ]+: UNAVAILABLE: cannot connect to 127\.0\.0\.1:\d+.*\n$/);
  });

  test("the helloworld client gives up after a second", async () => {
    await using server = await serve(folder, "helloworld/server");
    server.child.kill("SIGSTOP");
    const begin = performance.now();
    const { status, stderr } = await run(folder, [example("helloworld/client"), server.address]);
    expect(status).toBe(1);
    expect(performance.now() - begin).toBeLessThan(15_000);
    expect(stderr).toMatch(/^could not greet: .*DEADLINE_EXCEEDED.*\n$/);
  });

  test("the chat client ends at the end of input", async () => {
    await using server = await serve(folder, "chat/server");
    expect(await run(folder, [example("chat/client"), server.address], "你好吗")).toEqual({ status: 0, stdout: "AI：我好\n", stderr: "" });
  });
});

test("buf curl calls the helloworld server by reflection", async () => {
  await using server = await serve(folder, "helloworld/server");
  const args = ["curl", "--protocol", "grpc", "--http2-prior-knowledge", "-d", '{"name":"buf"}'];
  const { status, stdout } = await run(folder, [bufCommand, ...args, `http://${server.address}/proto.Greeter/SayHello`]);
  expect({ status, stdout: JSON.parse(stdout) }).toEqual({ status: 0, stdout: { message: "Hello buf" } });
});
