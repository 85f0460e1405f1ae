// Nobody is there, or somebody else.
import { describe, expect, test } from "vitest";
import { topics } from "../contract/index.ts";
import { addressOf } from "../harness/address-of.ts";
import { client } from "../harness/client.ts";
import { closedPort, listenTcp } from "../harness/ports.ts";

const failed = (line: RegExp) => ({ status: 1, stdout: "", stderr: expect.stringMatching(line) });

const unavailable = failed(/^UNAVAILABLE: .+\n$/);

describe.each(topics)("the $name client", ({ name }) => {
  test("says on one line that nobody listens", async () => {
    expect(await client([name, "--addr", `127.0.0.1:${await closedPort()}`])).toEqual(unavailable);
  });

  test("says on one line that another topic's server does not know its methods", async () => {
    const other = name === "helloworld" ? "chat" : "helloworld";
    expect(await client([name, "--addr", addressOf(other)])).toEqual(failed(/^UNIMPLEMENTED: .+\n$/));
  });
});

test("a client does not wait for ever for a peer that accepts the connection and stays silent", async () => {
  await using silent = await listenTcp(() => {});
  expect(await client(["hello", "--connect-timeout", "300ms", "--addr", `127.0.0.1:${silent.port}`])).toEqual(unavailable);
});

test("a client's own deadline comes before that", async () => {
  await using silent = await listenTcp(() => {});
  expect(await client(["hello", "--timeout", "300ms", "--addr", `127.0.0.1:${silent.port}`])).toEqual(failed(/^DEADLINE_EXCEEDED: .+\n$/));
});

test("a client says on one line that a peer hangs up", async () => {
  await using rude = await listenTcp((socket) => socket.destroy());
  expect(await client(["hello", "--addr", `127.0.0.1:${rude.port}`])).toEqual(unavailable);
});

test("a client says on one line that a peer speaks HTTP/1.1", async () => {
  await using web = await listenTcp((socket) => socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
  expect(await client(["hello", "--addr", `127.0.0.1:${web.port}`])).toEqual(unavailable);
});

test("a client says on one line that there is no such host", async () => {
  expect(await client(["hello", "--addr", "no-such-host.invalid:9090"])).toEqual(unavailable);
});
