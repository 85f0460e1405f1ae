// Health checks of our client (gRFC A17) against two grpc-go servers with grpc-go's health service.
import { createChannel, createClient } from "@grpc-study/rpc";
import { expect, test } from "vitest";
import { TestService } from "../../gen/grpc/testing/test_pb.js";
import { buildGo, hasGo } from "../harness/go-program.ts";
import { Process } from "../harness/process.ts";

const service = TestService.typeName;

test.skipIf(!hasGo)("calls go to the grpc-go servers whose service is SERVING, and none is lost when one stops", async () => {
  const program = buildGo("health");
  await using a = new Process(program, []);
  await using b = new Process(program, []);
  const [portA, portB] = await Promise.all([a.stdout.line(() => true), b.stdout.line(() => true)]);
  using channel = createChannel(`ipv4:127.0.0.1:${portA},127.0.0.1:${portB}`, { balancing: "round_robin", healthCheck: { service } });
  const client = createClient(TestService, channel);
  const ports = async () => {
    const seen = new Set<string>();
    const call = () => client.emptyCall({}, { waitForReady: true, onHeader: (header) => seen.add(header.get("x-port") ?? "") });
    await Promise.all(Array.from({ length: 6 }, call));
    return [...seen].sort();
  };
  const untilPorts = async (...expected: readonly string[]) => {
    const wanted = [...expected].sort().join();
    for (let tries = 0; (await ports()).join() !== wanted; tries++) {
      expect(tries).toBeLessThan(1_000);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };

  // grpc-go says SERVICE_UNKNOWN until the status is set.
  let failure: unknown;
  await client.emptyCall({}).catch((error: unknown) => {
    failure = error;
  });
  expect(String(failure)).toContain(`is not healthy: it is SERVICE_UNKNOWN`);

  a.stdin.write(`${service} SERVING\n`);
  await untilPorts(portA);
  b.stdin.write(`${service} SERVING\n`);
  await untilPorts(portA, portB);
  a.stdin.write(`${service} NOT_SERVING\n`);
  await untilPorts(portB);
  a.stdin.write(`${service} SERVING\n`);
  await untilPorts(portA, portB);

  // GracefulStop waits for all streams: our client ends its watch at GOAWAY.
  let running = true;
  const load = (async () => {
    while (running) await ports();
  })();
  a.stdin.write("stop\n");
  expect(await a.exit).toEqual({ status: 0, signal: null });
  running = false;
  await load;
  expect(await ports()).toEqual([portB]);
});
