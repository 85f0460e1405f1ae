import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { context, diag, logs, metrics, propagation, trace } from "@opentelemetry/api";
import { expect, onTestFinished, test, vi } from "vitest";
import { type StartTelemetryOptions, startTelemetry, type Telemetry, TelemetryError } from "./index.ts";

const free = "127.0.0.1:0";

async function start(options: Partial<StartTelemetryOptions>): Promise<Telemetry> {
  const telemetry = await startTelemetry({ serviceName: "test", ...options });
  onTestFinished(async () => {
    await telemetry.shutdown();
    for (const api of [trace, metrics, logs, context, propagation, diag]) api.disable();
  });
  return telemetry;
}

test.each([
  [{ serviceName: "" }, "serviceName must be a text that is not empty, got ''"],
  [{ serviceName: 1 as never }, "serviceName must be a text that is not empty, got 1"],
  [{ otlp: "yes" as never }, "otlp must be true or false, got 'yes'"],
  [{ metrics: 9464 as never }, "metrics must be host:port, got 9464"],
  [{ metrics: free, onWarning: "log" as never }, "onWarning must be a function, got 'log'"],
  [{ otpl: true } as never, 'startTelemetry() has no option "otpl"; the options are serviceName, otlp, metrics, onWarning'],
  [{}, "startTelemetry() needs otlp or metrics"],
])("%j is rejected", async (options, message) => {
  await expect(start(options)).rejects.toThrow(TypeError);
  await expect(start(options)).rejects.toThrow(message);
});

test("a call without options is rejected", async () => {
  const starting = startTelemetry(...([] as unknown as [StartTelemetryOptions]));
  await expect(starting).rejects.toThrow(new TypeError("startTelemetry() takes an object of options, got undefined"));
});

test("metrics are served over IPv4 and IPv6, with the name of the service and without the command line", async () => {
  for (const host of ["127.0.0.1", "[::1]"]) {
    const { metricsUrl = "" } = await start({ metrics: `${host}:0` });
    expect(metricsUrl).toContain(`http://${host}:`);
    const text = await (await fetch(metricsUrl)).text();
    expect(text).toContain('service_name="test"');
    expect(text).not.toContain("process_command");
  }
});

test("metrics alone register no tracer", async () => {
  await start({ metrics: free });
  const span = trace.getTracer("x").startSpan("y");
  expect(span.isRecording()).toBe(false);
});

test("after a shutdown, the endpoint is closed", async () => {
  const { metricsUrl = "", shutdown } = await start({ metrics: free });
  expect((await fetch(metricsUrl)).status).toBe(200);
  await shutdown();
  await expect(fetch(metricsUrl)).rejects.toThrow();
});

test("a port in use is a TelemetryError that names the address", async () => {
  const occupied = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void occupied.close());
  await new Promise((resolve) => occupied.once("listening", resolve));
  const { port } = occupied.address() as { port: number };
  const starting = start({ metrics: `127.0.0.1:${port}` });
  await expect(starting).rejects.toThrow(TelemetryError);
  await expect(starting).rejects.toThrow(`cannot serve metrics on 127.0.0.1:${port}: it is already in use`);
});

test.each(["unix:/tmp/x", "9464", "localhost", "localhost:65536"])("%s is no address for metrics", async (metrics) => {
  await expect(start({ metrics })).rejects.toThrow(`cannot serve metrics on ${metrics}: write host:port`);
});

test("a collector that does not answer delays a shutdown by 2 seconds, and is one warning", async () => {
  const collector = createServer(() => {}).listen(0, "127.0.0.1");
  onTestFinished(() => void collector.close());
  await new Promise((resolve) => collector.once("listening", resolve));
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", `http://127.0.0.1:${(collector.address() as { port: number }).port}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  const warnings: string[] = [];
  const { shutdown } = await start({ otlp: true, onWarning: (message) => void warnings.push(message) });
  trace.getTracer("x").startSpan("y").end();
  metrics.getMeter("x").createCounter("y").add(1);
  const startMs = performance.now();
  await shutdown();
  expect(performance.now() - startMs).toBeLessThan(4000);
  // The SDK reports the same problem as well.
  diag.error("timed out");
  expect(warnings).toEqual(["OpenTelemetry: the last spans and metrics are lost: the collector did not answer within 2 s"]);
});

test("an error of the collector during a shutdown is the only warning", async () => {
  const warnings: string[] = [];
  const collector = createHttpServer((request, response) => request.resume().on("end", () => response.writeHead(400).end()));
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void collector.close());
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", `http://127.0.0.1:${(collector.address() as { port: number }).port}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { shutdown } = await start({ otlp: true, onWarning: (message) => void warnings.push(message) });
  trace.getTracer("x").startSpan("y").end();
  metrics.getMeter("x").createCounter("y").add(1);
  await shutdown();
  await delay(20);
  expect(warnings).toEqual([expect.stringContaining("Bad Request")]);
});

test("a problem is one line, and the same one is reported once a minute", async () => {
  const warnings: string[] = [];
  await start({ metrics: free, onWarning: (message) => void warnings.push(message) });
  diag.warn("a");
  diag.warn("a");
  diag.error("Error: b\n    at x.js:1:1");
  expect(warnings).toEqual(["OpenTelemetry: a", "OpenTelemetry: Error: b"]);
});
