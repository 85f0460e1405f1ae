import { connect } from "node:net";
import { expect, test } from "vitest";
import { freePort } from "./free-port.ts";
import { natsMissing, postgresMissing, startNats, startPostgres, type TestServer } from "./index.ts";

for (const [name, missing, start] of [
  ["nats", natsMissing(), startNats],
  ["postgres", postgresMissing(), startPostgres],
] as const) {
  test.skipIf(missing !== undefined)(`${name} stops, crashes and starts again on its port${missing ? `: ${missing}` : ""}`, async () => {
    await using server: TestServer = await start();
    expect(await accepts(server)).toBe(true);
    for (const end of ["stop", "crash"] as const) {
      await server[end]();
      expect(await accepts(server)).toBe(false);
      await server.start();
      expect(await accepts(server)).toBe(true);
    }
  });
}

test("ports are given once, also while no server listens on them", async () => {
  const ports: number[] = [];
  for (let count = 0; count < 400; count++) ports.push(await freePort());
  expect(new Set(ports).size).toBe(ports.length);
});

function accepts({ url }: TestServer): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  return new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  }).finally(() => socket.destroy());
}
