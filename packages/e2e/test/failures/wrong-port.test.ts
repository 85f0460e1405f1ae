// A port without a listener, or with the wrong server.
import { describe, expect, test } from "vitest";
import { topics } from "../contract/index.ts";
import { addressOf } from "../harness/address-of.ts";
import { client } from "../harness/client.ts";
import { closedPort, listenTcp } from "../harness/ports.ts";

const failed = (line: RegExp) => ({ status: 1, stdout: "", stderr: expect.stringMatching(line) });

const unavailable = failed(/^UNAVAILABLE: .+\n$/);

describe.each(topics)("the $name client", ({ name }) => {
  test("reports a port without a listener in one line", async () => {
    expect(await client([name, "--addr", `127.0.0.1:${await closedPort()}`])).toEqual(unavailable);
  });

  test("reports unknown methods of another topic's server in one line", async () => {
    const other = name === "helloworld" ? "chat" : "helloworld";
    expect(await client([name, "--addr", addressOf(other)])).toEqual(failed(/^UNIMPLEMENTED: .+\n$/));
  });
});

test("a client gives up on a silent peer after the connect timeout", async () => {
  await using silent = await listenTcp(() => {});
  expect(await client(["hello", "--connect-timeout", "300ms", "--addr", `127.0.0.1:${silent.port}`])).toEqual(unavailable);
});

test("an earlier deadline of the client applies", async () => {
  await using silent = await listenTcp(() => {});
  expect(await client(["hello", "--timeout", "300ms", "--addr", `127.0.0.1:${silent.port}`])).toEqual(failed(/^DEADLINE_EXCEEDED: .+\n$/));
});

test("a client reports a peer that hangs up in one line", async () => {
  await using rude = await listenTcp((socket) => socket.destroy());
  expect(await client(["hello", "--addr", `127.0.0.1:${rude.port}`])).toEqual(unavailable);
});

test("a client reports an HTTP/1.1 peer in one line", async () => {
  await using web = await listenTcp((socket) => socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
  expect(await client(["hello", "--addr", `127.0.0.1:${web.port}`])).toEqual(unavailable);
});

test("a client reports an unknown host in one line", async () => {
  expect(await client(["hello", "--addr", "no-such-host.invalid:9090"])).toEqual(unavailable);
});
