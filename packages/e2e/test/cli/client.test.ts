// The client's command: which arguments it rejects, and how it exits.
import { describe, expect, test } from "vitest";
import { topics } from "../contract/index.ts";
import { addressOf } from "../harness/address-of.ts";
import { client, startClient } from "../harness/client.ts";
import { serve } from "../harness/server.ts";

describe("the client rejects, with status 2 and one line,", () => {
  test.each([
    ["an unknown topic", ["nope"], "nope"],
    ["an unknown command of a topic", ["shop", "nope"], "nope"],
    ["an unknown call", ["streams", "nope"], "nope"],
    ["an unknown option", ["hello", "--nope"], "--nope"],
    ["a surplus argument", ["hello", "extra"], "extra"],
    ["an option without its value", ["hello", "--name"], "--name"],
    ["an address without a port", ["hello", "--addr", "localhost"], "localhost"],
    ["a port that is too large", ["hello", "--addr", "localhost:65536"], "65536"],
    ["a URL instead of an address", ["hello", "--addr", "http://localhost:1/"], "http://localhost:1/"],
    ["a malformed duration", ["hello", "--timeout", "5d"], "--timeout"],
    ["a negative deadline", ["chat", "--deadline", "-1s"], "--deadline"],
    ["a count of zero", ["push", "get", "--count", "0"], "--count"],
    ["an area that does not exist", ["shop", "stock", "--area", "Z"], "Z"],
    ["a number outside the range of int32", ["shop", "stock", "--id", "2147483648"], "2147483648"],
    ["an order without its number", ["shop", "order", "--id", "1", "--user-id", "1", "--money", "1"], "--no"],
    ["a malformed time", ["shop", "order", "--id", "1", "--no", "1", "--user-id", "1", "--money", "1", "--time", "noon"], "noon"],
    ["metadata without a value", ["hello", "--metadata", "token"], "--metadata"],
  ])("%s", async (_, args, named) => {
    const { status, stdout, stderr } = await client(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/^error: .+\n$/);
    expect(stderr).toContain(named);
  });
});

test("an error of the client never contains a metadata value, which may be a secret", async () => {
  const { status, stderr } = await client(["hello", "--metadata", "token=秘密123321123"]);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^error: .*--metadata.*\n$/);
  expect(stderr).not.toMatch(/秘密|123321123/);
});

test.each(topics)("the $name client has a help text with its default port", async ({ name, listeners }) => {
  const { status, stdout, stderr } = await client([name, "--help"]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toContain(`Usage: grpc-study-client ${name}`);
  expect(stdout).toContain(`:${listeners[0]?.port}`);
});

test("the client exits at once with status 0 when its stdout is closed, as by `| head -1`", async () => {
  await using pushing = startClient(["push", "get", "--addr", addressOf("push")]);
  await pushing.stdout.count(1);
  const start = performance.now();
  pushing.closeStdout();
  expect(await pushing.exit).toEqual({ status: 0, signal: null });
  // The stream itself takes ten seconds.
  expect(performance.now() - start).toBeLessThan(5_000);
  expect(pushing.stderr.text).toBe("");
});

test.each(["get", "put"])("Ctrl-C during push %s ends the client with status 130 and no message", async (call) => {
  await using server = await serve("push");
  await using pushing = startClient(["push", call, "--addr", server.address]);
  if (call === "get") await pushing.stdout.count(1);
  else await server.logged(({ msg }) => msg === "ss");
  pushing.kill("SIGINT");
  expect(await pushing.exit).toEqual({ status: 130, signal: null });
  expect(pushing.stderr.text).toBe("");
  // Node's http2 half-closes before it resets. A busy server may process the half-close well before
  // the reset, and ends PutStream with OK.
  await server.logged(({ msg, status }) => msg === "call" && (call === "put" || status === "CANCELLED"));
});

test("--json prints every field, with the names of the .proto file", async () => {
  expect(await client(["streams", "route-list", "--json", "--addr", addressOf("streams")])).toEqual({
    status: 0,
    stdout: '{"code":0,"value":"ok"}\n',
    stderr: "",
  });
});
