// The interop programs as processes, with the flags that the scripts of other implementations pass.
import { join } from "node:path";
import { expect, test } from "vitest";
import { e2eFolder } from "../harness/paths.ts";
import { Process, run } from "../harness/process.ts";
import { Folder, writeSet } from "../security/certificates.ts";

const serverMain = join(e2eFolder, "interop/server/main.ts");
const clientMain = join(e2eFolder, "interop/client/main.ts");

class ServerProcess extends Process {
  /** Resolves with the port that the server listens on. */
  async port(): Promise<string> {
    const line = await this.stdout.line((line) => line.startsWith("serving "));
    return /:(\d+)/.exec(line)?.[1] ?? "";
  }
}

const serve = (...flags: readonly string[]) => new ServerProcess(process.execPath, [serverMain, ...flags]);

const call = (...flags: readonly string[]) => run(process.execPath, [clientMain, ...flags]);

test("a case that passes exits with status 0 and prints nothing", async () => {
  await using server = serve("--port", "0");
  const port = await server.port();
  const quiet = { status: 0, stdout: "", stderr: "" };
  expect(await call("--server_port", port, "--test_case", "large_unary")).toEqual(quiet);
  expect(await call("--server_host=127.0.0.1", `--server_port=${port}`, "--use_tls=false", "--test_case=cancel_after_begin")).toEqual(
    quiet,
  );
  expect(await call("--server_port", port, "--use_tls", "false", "--use_test_ca=false", "--test_case", "ping_pong")).toEqual(quiet);
});

test("a case that fails exits with status 1 and prints one line", async () => {
  // Nothing listens on port 1.
  const { status, stderr } = await call("--server_host", "127.0.0.1", "--server_port", "1", "--test_case", "empty_unary");
  expect(status).toBe(1);
  expect(stderr).toBe("empty_unary: cannot connect to 127.0.0.1:1: connection refused: nothing listens there\n");
});

test.each([
  ["a case that does not exist", ["--server_port", "1", "--test_case", "no_such_case"], "no_such_case"],
  ["no case", ["--server_port", "1"], "--test_case"],
  ["no port", ["--test_case", "empty_unary"], "--server_port"],
  ["an invalid boolean", ["--server_port", "1", "--test_case", "empty_unary", "--use_tls=maybe"], "true or false"],
  [
    "a CA file that does not exist",
    ["--server_port", "1", "--test_case", "empty_unary", "--ca_file", "/nowhere.pem"],
    "The file does not exist",
  ],
])("%s: one line on stderr and status 1", async (_what, flags, message) => {
  const { status, stderr } = await call(...flags);
  expect(status).toBe(1);
  expect(stderr).toContain(message);
  expect(stderr.trim()).not.toContain("\n");
});

test("a server with --use_tls creates certificates for the names that gRPC's tests request", async () => {
  await using folder = await Folder.make();
  await using server = serve("--use_tls=true", "--certs", folder.path);
  const port = await server.port();
  const tls = ["--server_port", port, "--use_tls", "--ca_file", folder.file("ca.pem")];
  const ok = expect.objectContaining({ status: 0 });
  expect(await call(...tls, "--test_case", "large_unary")).toEqual(ok);
  expect(await call(...tls, "--server_host_override", "foo.test.google.fr", "--test_case", "custom_metadata")).toEqual(ok);
  const wrongName = await call(...tls, "--server_host_override", "example.com", "--test_case", "empty_unary");
  expect(wrongName).toEqual(expect.objectContaining({ status: 1, stderr: expect.stringContaining("not for example.com") }));
});

test("a server uses the certificate and the key of its flags", async () => {
  await using folder = await Folder.make();
  await writeSet(folder);
  const files = ["--tls_cert_file", folder.file("server.pem"), "--tls_key_file", folder.file("server.key")];
  await using server = serve("--port=0", "--use_tls", ...files);
  const port = await server.port();
  const { status } = await call("--server_port", port, "--use_tls", "--ca_file", folder.file("ca.pem"), "--test_case", "empty_unary");
  expect(status).toBe(0);
});

test("a server exits with status 0 on SIGTERM", async () => {
  await using server = serve("--port", "0");
  await server.port();
  server.kill("SIGTERM");
  expect(await server.exit).toEqual({ status: 0, signal: null });
});
