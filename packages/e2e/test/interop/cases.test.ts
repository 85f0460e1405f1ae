// Our interop client against our interop server, in one process: every case over plaintext, a few
// over TLS.
import { readFile } from "node:fs/promises";
import { createServer, type ServerTls } from "@grpc-study/rpc";
import { describe, expect, test } from "vitest";
import { caseNames, cases } from "../../interop/client/cases/index.ts";
import { runCase } from "../../interop/client/run.ts";
import { testService } from "../../interop/server/service.ts";
import { grpcJsExceptions, openChannel, serverOptions, type TransportName } from "../../interop/transport.ts";
import { Authority, Folder, writeSet } from "../security/certificates.ts";

interface InteropServer extends AsyncDisposable {
  readonly address: string;
}

async function serve(tls?: ServerTls, transport: TransportName = "http2"): Promise<InteropServer> {
  const server = createServer(serverOptions(transport));
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
  test.each(caseNames)("%s passes", async (name) => {
    await using server = await serve();
    await runCase(cases[name], server.address);
  });
});

describe.each<{ client: TransportName; server: TransportName }>([
  { client: "grpc-js", server: "http2" },
  { client: "http2", server: "grpc-js" },
  { client: "grpc-js", server: "grpc-js" },
])("the client on $client, the server on $server", ({ client, server: transport }) => {
  const exceptions: object = {
    ...(client === "grpc-js" && grpcJsExceptions.client),
    ...(transport === "grpc-js" && grpcJsExceptions.server),
  };

  test.each(caseNames.filter((name) => !(name in exceptions)))("%s passes", async (name) => {
    await using server = await serve(undefined, transport);
    await runCase(cases[name], openChannel(client, server.address));
  });

  test.each(caseNames.filter((name) => name in exceptions))("%s fails", async (name) => {
    await using server = await serve(undefined, transport);
    await expect(runCase(cases[name], openChannel(client, server.address))).rejects.toThrow(/compress/);
  });

  test("large_unary passes over TLS", async () => {
    await using folder = await Folder.make();
    await writeSet(folder);
    await using server = await serve({ cert: folder.file("server.pem"), key: folder.file("server.key") }, transport);
    await runCase(cases.large_unary, openChannel(client, server.address, { tls: { ca: folder.file("ca.pem"), serverName: "localhost" } }));
  });
});

describe("TLS", () => {
  test.each(["large_unary", "ping_pong", "custom_metadata", "server_compressed_streaming", "cancel_after_first_response"] as const)(
    "%s passes",
    async (name) => {
      await using folder = await Folder.make();
      await writeSet(folder);
      await using server = await serve({ cert: folder.file("server.pem"), key: folder.file("server.key") });
      await runCase(cases[name], server.address, { tls: { ca: folder.file("ca.pem") } });
    },
  );

  test("a client does not call a server whose certificate the CA did not sign", async () => {
    await using folder = await Folder.make();
    await writeSet(folder);
    const otherCa = await folder.write("stranger.pem", new Authority().cert);
    expect(await readFile(otherCa, "utf8")).not.toBe(await readFile(folder.file("ca.pem"), "utf8"));
    await using server = await serve({ cert: folder.file("server.pem"), key: folder.file("server.key") });
    await expect(runCase(cases.empty_unary, server.address, { tls: { ca: otherCa } })).rejects.toThrow("not signed by an authority");
  });
});
