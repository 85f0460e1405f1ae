// --otel and --metrics of the commands, with an OTLP receiver and a Prometheus parser that are not ours.
import { createServer } from "node:net";
import parsePrometheus from "parse-prometheus-text-format";
import { expect, test } from "vitest";
import { client } from "../harness/client.ts";
import { clientMain, gatewayMain, serverMain } from "../harness/paths.ts";
import { outcomeOf, Process, run } from "../harness/process.ts";
import { until } from "../harness/until.ts";
import { startOtlpReceiver } from "./otlp-receiver.ts";

type Env = Readonly<Record<string, string>>;

/** Starts the server of helloworld. Returns its address. */
async function startServer(args: readonly string[], env: Env = {}) {
  const server = new Process(process.execPath, [serverMain, "serve", "helloworld", "--port", "0", ...args], { env });
  const row = await server.stdout.line((line) => line.startsWith("helloworld "));
  return { server, address: row.split(/\s+/)[1] ?? "" };
}

async function startGateway(upstream: string, args: readonly string[], env: Env = {}) {
  const options = ["--upstream", upstream, "--unbound", "--listen", "127.0.0.1:0"];
  const gateway = new Process(process.execPath, [gatewayMain, ...options, ...args], { env });
  const { url } = JSON.parse(await gateway.stderr.line((line) => line.includes('"serving HTTP"')));
  return { gateway, url: url as string };
}

async function metricsUrlOf({ stderr }: Process): Promise<string> {
  return JSON.parse(await stderr.line((line) => line.includes('"serving metrics"'))).url;
}

async function scrape(url: string) {
  const response = await fetch(url);
  expect(response.headers.get("content-type")).toMatch(/^text\/plain/);
  return parsePrometheus(await response.text());
}

async function stop(process: Process): Promise<void> {
  process.kill("SIGTERM");
  expect((await process.exit).status).toBe(0);
}

const traceId = "0af7651916cd43dd8448eb211c80319c";

test("a request is one trace through gateway and server, and its ids are in their logs", async () => {
  await using receiver = await startOtlpReceiver();
  const { server, address } = await startServer(["--otel"], receiver.env);
  await using _server = server;
  const { gateway, url } = await startGateway(address, ["--otel"], receiver.env);
  await using _gateway = gateway;
  const response = await fetch(`${url}/proto.Greeter/SayHello`, {
    method: "POST",
    headers: { "content-type": "application/json", traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    body: '{"name":"x"}',
  });
  expect(response.status).toBe(200);
  const mine = () => receiver.spans.filter((span) => span.traceId === traceId);
  await until(() => mine().length === 3);
  const [http, call, handler] = [
    mine().find(({ service, kind }) => service === "grpc-study-gateway" && kind === 2),
    mine().find(({ service, kind }) => service === "grpc-study-gateway" && kind === 3),
    mine().find(({ service }) => service === "grpc-study-server"),
  ];
  expect(http).toMatchObject({ parentId: "b7ad6b7169203331", attributes: { "http.response.status_code": 200 } });
  expect(call).toMatchObject({ name: "proto.Greeter/SayHello", parentId: http?.spanId });
  expect(handler).toMatchObject({ name: "proto.Greeter/SayHello", parentId: call?.spanId, attributes: { "rpc.status_code": "OK" } });
  const inGateway = JSON.parse(await gateway.stderr.line((line) => line.includes('"request"')));
  expect(inGateway).toMatchObject({ trace_id: traceId, span_id: http?.spanId });
  const inServer = JSON.parse(await server.stderr.line((line) => line.includes('"call"') && line.includes("SayHello")));
  expect(inServer).toMatchObject({ trace_id: traceId, span_id: handler?.spanId });
  await stop(gateway);
  await stop(server);
  // The metrics are exported at the end, too.
  expect(receiver.metrics.filter(({ service }) => service === "grpc-study-server").map(({ name }) => name)).toContain(
    "rpc.server.call.duration",
  );
  expect(receiver.metrics.filter(({ service }) => service === "grpc-study-gateway").map(({ name }) => name)).toEqual(
    expect.arrayContaining(["http.server.request.duration", "rpc.client.call.duration"]),
  );
  expect(receiver.others).toEqual([]);
});

test("the client begins a trace that the server continues, and exports it before it exits", async () => {
  await using receiver = await startOtlpReceiver();
  const { server, address } = await startServer(["--otel"], receiver.env);
  await using _server = server;
  const { status, stderr } = await run(process.execPath, [clientMain, "helloworld", "--addr", address, "--otel"], { env: receiver.env });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  await until(() => receiver.spans.length >= 2);
  const client = receiver.spans.find(({ service }) => service === "grpc-study-client");
  const handler = receiver.spans.find(({ service }) => service === "grpc-study-server");
  expect(handler?.parentId).toBe(client?.spanId);
});

test("the OTEL_* variables have precedence: the name of the service, and the sampler", async () => {
  await using receiver = await startOtlpReceiver();
  const { server, address } = await startServer(["--otel"], {
    ...receiver.env,
    OTEL_SERVICE_NAME: "mine",
    OTEL_TRACES_SAMPLER: "always_off",
  });
  await using _server = server;
  expect((await client(["helloworld", "--addr", address])).status).toBe(0);
  await stop(server);
  expect(receiver.spans).toEqual([]);
  expect(new Set(receiver.metrics.map(({ service }) => service))).toEqual(new Set(["mine"]));
});

test("--metrics serves metrics for Prometheus on localhost, and nothing else", async () => {
  const { server, address } = await startServer(["--metrics", "0"]);
  await using _server = server;
  const { gateway, url } = await startGateway(address, ["--metrics", "0"]);
  await using _gateway = gateway;
  const body = { method: "POST", headers: { "content-type": "application/json" }, body: '{"name":"x"}' };
  expect((await fetch(`${url}/proto.Greeter/SayHello`, body)).status).toBe(200);
  const ofServer = await metricsUrlOf(server);
  const ofGateway = await metricsUrlOf(gateway);
  expect(ofServer).toMatch(/^http:\/\/localhost:\d+\/metrics$/);
  const metrics = await scrape(ofServer);
  const named = (name: string) => metrics.find((metric) => metric.name === name);
  const duration = named("rpc_server_call_duration");
  expect(duration?.type).toBe("HISTOGRAM");
  expect(Object.keys(duration?.metrics[0]?.buckets ?? {})).toEqual(expect.arrayContaining(["0.005", "10", "+Inf"]));
  const active = named("rpc_server_active_calls")?.metrics.find(({ labels }) => labels?.["rpc_method"] === "proto.Greeter/SayHello");
  expect(active).toMatchObject({ value: "0", labels: { rpc_system_name: "grpc" } });
  // The parser leaves out the labels of histograms.
  expect(await (await fetch(ofServer)).text()).toMatch(
    /^rpc_server_call_duration_count\{rpc_system_name="grpc",rpc_method="proto\.Greeter\/SayHello",rpc_status_code="OK",.*\} 1$/m,
  );
  const names = (await scrape(ofGateway)).map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(["http_server_request_duration", "rpc_client_call_duration"]));
  expect((await fetch(new URL("/other", ofServer))).status).toBe(404);
  expect((await fetch(ofServer, { method: "POST" })).status).toBe(405);
  // Not exported: the command line may hold secrets.
  expect(await (await fetch(ofServer)).text()).not.toContain("helloworld --port");
  await stop(gateway);
  await stop(server);
});

test("a port in use, and several workers with one endpoint, are errors of one line", async () => {
  const occupied = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => occupied.once("listening", resolve));
  const { port } = occupied.address() as { port: number };
  const start = (args: readonly string[]) => run(process.execPath, [serverMain, "serve", "helloworld", "--port", "0", ...args]);
  const inUse = `error: cannot serve metrics on 127.0.0.1:${port}: it is already in use\n`;
  expect(await start(["--metrics", `127.0.0.1:${port}`])).toMatchObject({ status: 1, stderr: inUse });
  expect(await run(process.execPath, [gatewayMain, "--upstream", "127.0.0.1:1", "--metrics", `127.0.0.1:${port}`])).toMatchObject({
    status: 1,
    stderr: inUse,
  });
  occupied.close();
  const { status, stderr } = await start(["--metrics", "0", "--workers", "2"]);
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: "error: --metrics needs a single process, since each has its own metrics; use --otel with --workers\n",
  });
});

test("a collector that is gone is a warning, and does not keep a command from its end", { timeout: 60_000 }, async () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1", OTEL_BSP_SCHEDULE_DELAY: "10" };
  const { server, address } = await startServer(["--otel"], env);
  await using _server = server;
  const { gateway, url } = await startGateway(address, ["--otel"], env);
  await using _gateway = gateway;
  expect((await fetch(`${url}/unknown`)).status).toBe(404);
  const { status, stderr } = await run(process.execPath, [clientMain, "helloworld", "--addr", address, "--otel"], { env });
  expect(status).toBe(0);
  expect(stderr.match(/warning: OpenTelemetry: /g)).toHaveLength(1);
  for (const command of [gateway, server]) {
    command.kill("SIGTERM");
    const { status, stderr } = await outcomeOf(command);
    expect(status).toBe(0);
    expect(stderr).toMatch(/"level":"warn".*OpenTelemetry: .*(?:ECONNREFUSED|did not answer)/);
  }
});
