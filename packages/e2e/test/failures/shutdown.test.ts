// Shutdown resolves regardless of what the clients have just done.

import { setTimeout } from "node:timers/promises";
import { createClient as createConnectClient } from "@connectrpc/connect";
import { Greeter } from "@grpc-study/proto/push";
import { createServer, implement } from "@grpc-study/rpc";
import { expect, test } from "vitest";
import { createTransport } from "../peers/connect-node.ts";

test("shutdown resolves if it starts at the moment when a connection is lost", { timeout: 15_000 }, async () => {
  // The race window is short: some attempts miss it.
  for (let attempt = 0; attempt < 5; attempt++) {
    const left = Promise.withResolvers<void>();
    const server = createServer();
    server.add(
      implement(Greeter, {
        async *getStream(_request, { signal }) {
          yield {};
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          left.resolve();
        },
      }),
    );
    const { address } = await server.listen("127.0.0.1:0");
    {
      using transport = createTransport(address);
      const stream = createConnectClient(Greeter, transport).getStream({}, { timeoutMs: 50 });
      await expect(Array.fromAsync(stream)).rejects.toThrow();
    }
    // The deadline of 50 ms may expire before the handler starts.
    if (await Promise.race([left.promise.then(() => true), setTimeout(500, false)])) {
      expect(await server.shutdown({ graceMs: 0, abortMs: 0 })).toEqual({ cut: [] });
    }
  }
});
