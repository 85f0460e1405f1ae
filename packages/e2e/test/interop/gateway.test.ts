// The interop cases through the gateway: its port relays the calls to our interop server. Go and
// C-core do the same with `GATEWAY=1 scripts/interop-foreign.sh`.
import { createGateway } from "@grpc-study/gateway";
import { createServer, type ServerTls } from "@grpc-study/rpc";
import { describe, test } from "vitest";
import { caseNames, cases } from "../../interop/client/cases/index.ts";
import { runCase } from "../../interop/client/run.ts";
import { testService } from "../../interop/server/service.ts";
import { grpcJsExceptions, openChannel, transportNames } from "../../interop/transport.ts";
import { Folder, writeSet } from "../security/certificates.ts";

interface InteropGateway extends AsyncDisposable {
  readonly address: string;
}

async function serve(upstream: "in process" | "over a socket", tls?: ServerTls): Promise<InteropGateway> {
  const server = createServer();
  server.add(testService);
  const gateway = createGateway({
    services: [testService.service],
    upstream: upstream === "in process" ? server.channel() : (await server.listen("127.0.0.1:0")).address,
    graceMs: 0,
    tls,
  });
  const { host, port } = await gateway.listen("127.0.0.1:0");
  return {
    address: `${host}:${port}`,
    async [Symbol.asyncDispose]() {
      void gateway.close();
      void server.shutdown({ graceMs: 0, abortMs: 0 });
    },
  };
}

describe.each(["in process", "over a socket"] as const)("the upstream %s", (upstream) => {
  describe.each(transportNames)("the client on %s", (client) => {
    const selected = caseNames.filter((name) => client === "http2" || !(name in grpcJsExceptions.client));

    test.each(selected)("%s passes", async (name) => {
      await using gateway = await serve(upstream);
      await runCase(cases[name], openChannel(client, gateway.address));
    });

    test.each(selected.filter((name) => /large|ping|metadata|compressed_streaming|cancel|timeout/.test(name)))(
      "%s passes over TLS",
      async (name) => {
        await using folder = await Folder.make();
        await writeSet(folder);
        await using gateway = await serve(upstream, { cert: folder.file("server.pem"), key: folder.file("server.key") });
        const tls = { ca: folder.file("ca.pem"), serverName: "localhost" };
        await runCase(cases[name], openChannel(client, gateway.address, { tls }));
      },
    );
  });
});
