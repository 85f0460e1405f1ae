// Exhausted stream identifiers (RFC 9113, section 5.1.1).
import { duplexPair } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { resolveConfig } from "./config.ts";
import { Http2Connection } from "./connection.ts";
import { HeaderList } from "./headers/header-list.ts";
import { createServer } from "./server.ts";

const post = HeaderList.request({ method: "POST", scheme: "http", authority: "localhost", path: "/" });
const ok = HeaderList.response(200);

test("a client drains after the last identifier, and its last call completes", async () => {
  const [near, far] = duplexPair();
  const server = createServer({
    onStream: (stream) => ({ onData: (_data, endStream) => void (endStream && stream.respond(ok)) }),
  });
  server.attach(far);
  const client = new Http2Connection(near, resolveConfig("client", {}), false);
  client.nextStream = 2 ** 31 - 1;
  let status: number | undefined;
  const stream = client.request(post, {
    onHeaders(headers) {
      status = headers.status;
    },
  });
  expect(stream.id).toBe(2 ** 31 - 1);
  expect(client.state).toBe("draining");
  expect(client.availableStreams).toBe(0);
  expect(() => client.request(post, {})).toThrow("draining");
  stream.write(Buffer.from("x"), true);
  for (let turns = 0; turns < 1000 && client.state !== "closed"; turns++) await turn();
  expect(status).toBe(200);
  expect(client.closeReason?.message).toContain("exhausted");
  server.destroy();
});
