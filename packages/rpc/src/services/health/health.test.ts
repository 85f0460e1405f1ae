import { describe, expect, test } from "vitest";
import { failureOf, startBy, transports, until } from "../../../test/harness.ts";
import { Code, createClient } from "../../index.ts";
import { Health, HealthCheckResponse_ServingStatus as Status } from "./index.ts";

describe.each(transports)("%s", (transport) => {
  async function start() {
    const { server, channel } = await startBy(transport, {});
    return { server, client: createClient(Health, channel) };
  }

  test("the server as a whole and each of its services are SERVING", async () => {
    const { client } = await start();
    expect(await client.check({})).toMatchObject({ status: Status.SERVING });
    expect(await client.check({ service: "test.v1.TestService" })).toMatchObject({ status: Status.SERVING });
    expect(Object.keys((await client.list({})).statuses)).toEqual(["", "test.v1.TestService"]);
  });

  test("check() of an unknown service is NOT_FOUND and names it", async () => {
    const { client } = await start();
    expect(await failureOf(client.check({ service: "nosuch" }))).toMatchObject({
      code: Code.NOT_FOUND,
      message: 'unknown service "nosuch"',
    });
  });

  test("watch() sends the status at once, and then each change without repetitions", async () => {
    const { server, client } = await start();
    using watch = client.watch({ service: "later" });
    expect(await watch.recv()).toMatchObject({ status: Status.SERVICE_UNKNOWN });
    server.health.set("later", "SERVING");
    expect(await watch.recv()).toMatchObject({ status: Status.SERVING });
    server.health.set("other", "SERVING");
    server.health.set("later", "SERVING");
    server.health.set("later", "NOT_SERVING");
    expect(await watch.recv()).toMatchObject({ status: Status.NOT_SERVING });
  });

  test("the watcher of a cancelled call is removed", async () => {
    const { server, client } = await start();
    const signals: AbortSignal[] = [];
    const changed = server.health.changed.bind(server.health);
    server.health.changed = (signal) => {
      signals.push(signal);
      return changed(signal);
    };
    const watch = client.watch({});
    await watch.recv();
    await until(() => signals.length === 1);
    watch.cancel();
    await until(() => signals[0]?.aborted === true);
  });
});
