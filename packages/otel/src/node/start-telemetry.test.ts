import { createServer } from "node:net";
import { context, diag, metrics, propagation, trace } from "@opentelemetry/api";
import { expect, onTestFinished, test } from "vitest";
import { type StartTelemetryOptions, startTelemetry, type Telemetry, TelemetryError } from "./index.ts";

const free = "127.0.0.1:0";

async function start(options: Partial<StartTelemetryOptions>): Promise<Telemetry> {
  const telemetry = await startTelemetry({ serviceName: "test", ...options });
  onTestFinished(async () => {
    await telemetry.shutdown();
    for (const api of [trace, metrics, context, propagation, diag]) api.disable();
  });
  return telemetry;
}

test.each([
  [{ serviceName: "" }, "serviceName must be a text"],
  [{ otlp: "yes" as never }, "otlp must be true or false, got yes"],
  [{}, "startTelemetry() needs otlp or metrics"],
])("%j is rejected", async (options, message) => {
  await expect(start(options)).rejects.toThrow(TypeError);
  await expect(start(options)).rejects.toThrow(message);
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
