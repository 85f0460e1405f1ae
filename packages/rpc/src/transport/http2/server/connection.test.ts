// Closed connections leave nothing behind, and old connections end in order.
import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { everyKind, startServer, type TestHandlers, until } from "../../../../test/harness.ts";
import { frame, heldMib, Peer } from "../../../../test/http2-peer.ts";
import { Code } from "../../../index.ts";

test("a thousand closed connections leave no timer lists behind", async () => {
  const { address } = await startServer(everyKind(() => ""));
  const durations = new Map<number, number>();
  const real = globalThis.setTimeout;
  vi.spyOn(globalThis, "setTimeout").mockImplementation(((run: () => void, ms = 0, ...rest: []) => {
    if (ms > 30_000) durations.set(Math.trunc(ms), (durations.get(Math.trunc(ms)) ?? 0) + 1);
    return real(run, ms, ...rest);
  }) as typeof setTimeout);
  const [host = "", port] = address.split(":");
  const preface = Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]);
  const once2 = async () => {
    const socket = connectSocket({ host, port: Number(port) });
    await once(socket, "connect");
    socket.write(preface);
    await once(socket, "data");
    socket.destroy();
    await once(socket, "close");
  };
  const round = async (count: number) => {
    for (let done = 0; done < count; done += 20) await Promise.all(Array.from({ length: 20 }, once2));
    await delay(100);
  };
  await round(200);
  const before = heldMib();
  await round(1_000);
  vi.restoreAllMocks();
  // One list for idle timeouts and one for keepalive, for any number of connections.
  expect(durations.size).toBeLessThan(6);
  expect(heldMib() - before).toBeLessThan(1.5);
});

test("an old connection takes no more calls, ends after its running calls, and is closed after the grace period", async () => {
  const gate = Promise.withResolvers<void>();
  const handlers: TestHandlers = {
    unary: async () => {
      await gate.promise;
      return { text: "done" };
    },
    bidiStream: async function* (_requests, { signal }) {
      yield {};
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    },
  };
  const begin = async (maxConnectionAgeGraceMs: number) => {
    const { address } = await startServer(handlers, { limits: { maxConnectionAgeMs: 200, maxConnectionAgeGraceMs } });
    return new Peer(address);
  };
  const inOrder = await begin(60_000);
  const running = inOrder.call("Unary");
  running.stream.end(frame());
  const [code] = (await once(inOrder.session, "goaway")) as [number];
  expect(code).toBe(0);
  gate.resolve();
  expect(await running.status()).toBe(Code.OK);
  await until(() => inOrder.session.closed);

  const deaf = await begin(400);
  const endless = deaf.call("BidiStream");
  endless.stream.write(frame());
  await once(deaf.session, "goaway");
  await until(() => deaf.session.destroyed);
  expect(await endless.status()).not.toBe(Code.OK);
});
