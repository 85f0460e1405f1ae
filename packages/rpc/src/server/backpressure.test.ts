import { expect, test } from "vitest";
import { startBy, transports, until } from "../../test/harness.ts";

const chunk = new Uint8Array(64 * 1024);
const many = 600; // 38 MiB in total

/** Returns the memory in use after a garbage collection, in MiB. */
function held(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}

/** Resolves once a counter has not changed for a while. */
async function settled(count: () => number): Promise<number> {
  for (let last = -1; ; await new Promise((resolve) => setTimeout(resolve, 150))) {
    if (count() === last) return last;
    last = count();
  }
}

test.each(transports.flatMap((transport) => (["serverStream", "bidiStream"] as const).map((kind) => ({ transport, kind }))))(
  "$transport, $kind: a fast generator waits for a slow reader",
  async ({ transport, kind }) => {
    let made = 0;
    function* generate() {
      for (; made < many; made++) yield { data: chunk };
    }
    const { client } = await startBy(transport, { serverStream: generate, bidiStream: generate });
    const before = held();
    const call = kind === "serverStream" ? client.serverStream({}) : client.bidiStream([]);
    let read = 0;
    while (read < 20 && (await call.recv()) !== undefined) read++;
    const stoodStillAt = await settled(() => made);
    // Read ahead by the client (16), queued in the server's stream (16), and in the flow-control
    // windows (64 KiB: one or two).
    expect(stoodStillAt).toBeLessThan(read + 60);
    expect(held() - before).toBeLessThan(32);
    while ((await call.recv()) !== undefined) read++;
    expect(read).toBe(many);
  },
);

test.each(transports.flatMap((transport) => (["clientStream", "bidiStream"] as const).map((kind) => ({ transport, kind }))))(
  "$transport, $kind: a fast request stream waits for a slow handler",
  async ({ transport, kind }) => {
    let release: () => void = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    let taken = 0;
    const { client } = await startBy(transport, {
      async clientStream(requests) {
        for await (const _ of requests) {
          taken++;
          if (taken === 20) await gate;
        }
        return { count: taken };
      },
      async *bidiStream(requests) {
        for await (const _ of requests) {
          taken++;
          if (taken === 20) await gate;
        }
        yield { count: taken };
      },
    });
    let made = 0;
    function* requests() {
      for (; made < many; made++) yield { data: chunk };
    }
    const before = held();
    const answer = kind === "clientStream" ? client.clientStream(requests()) : client.bidiStream(requests()).recv();
    await until(() => taken === 20);
    expect(await settled(() => made)).toBeLessThan(taken + 60);
    expect(held() - before).toBeLessThan(32);
    release();
    expect((await answer)?.count).toBe(many);
  },
);

test.each(transports)("%s: send() does not resolve while the handler does not read", async (transport) => {
  let release: () => void = () => {};
  const gate = new Promise<void>((resolve) => (release = resolve));
  const { client } = await startBy(transport, {
    async clientStream(requests) {
      await gate;
      let count = 0;
      for await (const _ of requests) count++;
      return { count };
    },
  });
  const call = client.clientStream();
  let accepted = 0;
  const sending = (async () => {
    for (; accepted < 200; accepted++) expect(await call.send({ data: chunk })).toBe(true);
  })();
  expect(await settled(() => accepted)).toBeLessThan(60);
  release();
  await sending;
  expect((await call.closeAndRecv()).count).toBe(200);
});
