// EMFILE: more clients connect than the process may have open files. Connected clients are served,
// and waiting clients get in when others disconnect.
import { Greeter } from "@grpc-study/proto/helloworld";
import { createClient } from "@grpc-study/rpc";
import { expect, test } from "vitest";
import { serve } from "../harness/server.ts";
import { until } from "../harness/until.ts";
import { type RawClient, rawClient } from "../hostile/raw-client.ts";

// The smallest limit with which Node starts is known only for Linux.
test.skipIf(process.platform !== "linux")(
  "a server without free descriptors serves its connected clients, and new ones once others disconnect",
  { timeout: 60_000 },
  async () => {
    await using server = await serve("helloworld", { shell: 'ulimit -n 60; exec "$@"' });
    using client = createClient(Greeter, server.address);
    const hello = () => client.sayHello({ name: "a" }, { timeoutMs: 5_000 });
    await hello();

    const crowd = await Promise.all(Array.from({ length: 150 }, () => rawClient(server.address.replace("localhost", "127.0.0.1"))));
    const served = new Set<RawClient>();
    for (const one of crowd) void one.ping().then((answered) => answered && served.add(one));
    await until(() => served.size > 10);
    for (let calls = 0; calls < 100; calls++) await hello();
    expect(served.size).toBeLessThan(60);

    for (const one of crowd) one[Symbol.dispose]();
    // A new client opens its own connection.
    await until(async () => {
      using newcomer = createClient(Greeter, server.address, { pool: false });
      return await newcomer.sayHello({ name: "a" }, { timeoutMs: 1_000 }).then(
        () => true,
        () => false,
      );
    });
    await hello();
    server.kill("SIGTERM");
    expect(await server.exit).toEqual({ status: 0, signal: null });
  },
);
