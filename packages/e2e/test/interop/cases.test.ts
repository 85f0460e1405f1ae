// Our interop client against our interop server, in one process: every case over plaintext, a few over TLS.
import { readFile } from "node:fs/promises";
import { createServer, type ServerTls } from "@grpc-study/rpc";
import { describe, expect, test } from "vitest";
import { caseNames, cases } from "../../interop/client/cases/index.ts";
import { runCase } from "../../interop/client/run.ts";
import { testService } from "../../interop/server/service.ts";
import { Authority, Folder, writeSet } from "../security/certificates.ts";

interface InteropServer extends AsyncDisposable {
  readonly address: string;
}

async function serve(tls?: ServerTls): Promise<InteropServer> {
  const server = createServer();
  server.add(testService);
  const { address } = await server.listen("127.0.0.1:0", tls);
  return {
    address,
    async [Symbol.asyncDispose]() {
      void server.shutdown({ graceMs: 0, abortMs: 0 });
    },
  };
}

describe("plaintext", () => {
  test.each(caseNames)("%s holds", async (name) => {
    await using server = await serve();
    await runCase(cases[name], server.address);
  });
});

describe("TLS", () => {
  test.each(["large_unary", "ping_pong", "custom_metadata", "server_compressed_streaming", "cancel_after_first_response"] as const)(
    "%s holds",
    async (name) => {
      await using folder = await Folder.make();
      await writeSet(folder);
      await using server = await serve({ cert: folder.file("server.pem"), key: folder.file("server.key") });
      await runCase(cases[name], server.address, { tls: { ca: folder.file("ca.pem") } });
    },
  );

  test("a server whose certificate is not signed by the CA is not called", async () => {
    await using folder = await Folder.make();
    await writeSet(folder);
    const stranger = await folder.write("stranger.pem", new Authority().cert);
    expect(await readFile(stranger, "utf8")).not.toBe(await readFile(folder.file("ca.pem"), "utf8"));
    await using server = await serve({ cert: folder.file("server.pem"), key: folder.file("server.key") });
    await expect(runCase(cases.empty_unary, server.address, { tls: { ca: stranger } })).rejects.toThrow("not signed by an authority");
  });
});
