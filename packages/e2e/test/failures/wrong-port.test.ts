// Nothing listens on the port, or a different server does.
import { describe, expect, test } from "vitest";
import { topics } from "../contract/index.ts";
import { addressOf } from "../harness/address-of.ts";
import { client } from "../harness/client.ts";
import { closedPort, listenTcp } from "../harness/ports.ts";

const failed = (line: RegExp) => ({ status: 1, stdout: "", stderr: expect.stringMatching(line) });

const unavailable = failed(/^UNAVAILABLE: .+\n$/);

describe.each(topics)("the $name client", ({ name }) => {
  test("reports on one line that nothing listens", async () => {
    expect(await client([name, "--addr", `127.0.0.1:${await closedPort()}`])).toEqual(unavailable);
  });

  test("reports on one line that the server of another topic lacks its methods", async () => {
    const other = name === "helloworld" ? "chat" : "helloworld";
    expect(await client([name, "--addr", addressOf(other)])).toEqual(failed(/^UNIMPLEMENTED: .+\n$/));
  });
});

test("a client gives up on a peer that accepts the connection and stays silent", async () => {
  await using silent = await listenTcp(() => {});
  expect(await client(["hello", "--connect-timeout", "300ms", "--addr", `127.0.0.1:${silent.port}`])).toEqual(unavailable);
});

test("the deadline of a call ends it before the connect timeout", async () => {
  await using silent = await listenTcp(() => {});
  expect(await client(["hello", "--timeout", "300ms", "--addr", `127.0.0.1:${silent.port}`])).toEqual(failed(/^DEADLINE_EXCEEDED: .+\n$/));
});

test("a client reports on one line that the peer closed the connection", async () => {
  await using closing = await listenTcp((socket) => socket.destroy());
  expect(await client(["hello", "--addr", `127.0.0.1:${closing.port}`])).toEqual(unavailable);
});

test("a client reports on one line that the peer speaks HTTP/1.1", async () => {
  await using web = await listenTcp((socket) => socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
  expect(await client(["hello", "--addr", `127.0.0.1:${web.port}`])).toEqual(unavailable);
});

test("a client reports on one line that the host does not exist", async () => {
  expect(await client(["hello", "--addr", "no-such-host.invalid:9090"])).toEqual(unavailable);
});
