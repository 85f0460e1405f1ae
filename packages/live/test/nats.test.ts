// What only the log in NATS does.
import { natsMissing, startNats } from "@grpc-study/test-servers";
import { expect, test } from "vitest";
import { natsLive } from "../src/nats/index.ts";
import { bytes } from "./entries.ts";

const missing = natsMissing();

test.skipIf(missing !== undefined)(
  `the URL has the user and the password, which no error repeats${missing ? `: ${missing}` : ""}`,
  async () => {
    await using server = await startNats(["--user", "mei", "--pass", "a:b@c"]);
    const live = natsLive({ url: server.url.replace("//", "//mei:a%3Ab%40c@") });
    expect(await live.publish("x", bytes("y"))).toBe(1n);
    await live.close();
    const stranger = natsLive({ url: server.url.replace("//", "//mei:wrong@") });
    const error: unknown = await stranger.publish("x", bytes("y")).catch((error: unknown) => error);
    expect(error).toMatchObject({ reason: "unavailable" });
    expect(String(error)).not.toContain("wrong");
    await stranger.close();
  },
);

test.each(["localhost:4222", "http://localhost", "nats://", "nats://a,b", ""])("%j is no URL of NATS", (url) => {
  expect(() => natsLive({ url })).toThrow("url must be URLs such as nats://host:4222, separated by commas");
});
