// The interop server: `pnpm --filter @grpc-study/e2e interop-server --port 10000`.
import { join } from "node:path";
import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import { createGateway, type Gateway } from "@grpc-study/gateway";
import { createServer, ListenError, type ServerTls, TlsFileError } from "@grpc-study/rpc";
import { CertificatesError, createCertificates } from "@grpc-study/server/certs";
import { Command, Option } from "commander";
import { certificatesFolder, oneLine, parseBoolean, parseFile, parsePort } from "../flags.ts";
import { serverOptions, type TransportName, transportNames } from "../transport.ts";
import { testService } from "./service.ts";

interface Flags {
  readonly host: string;
  readonly port: number;
  readonly use_tls: boolean;
  readonly tls_cert_file?: string;
  readonly tls_key_file?: string;
  readonly certs: string;
  readonly transport: TransportName;
  readonly gateway: boolean;
}

/** The names in gRPC's own test certificate. Clients request them with `--server_host_override`. */
const testNames = ["*.test.google.fr", "waterzooi.test.google.be", "*.test.youtube.com"];

// grpc-js logs the errors that it also reports to its caller.
setLogVerbosity(logVerbosity.NONE);

await new Command("interop-server")
  .description("Serves grpc.testing.TestService for gRPC's interop tests.")
  .configureOutput(oneLine)
  .option("--port <port>", "port to listen on; 0 selects a free port", parsePort, 0)
  .option("--host <host>", "host name or address to listen on; localhost means loopback over IPv4 and IPv6", "localhost")
  .option("--use_tls [boolean]", "serve over TLS", parseBoolean, false)
  .option("--tls_cert_file <file>", "the server's certificate, in PEM", parseFile)
  .option("--tls_key_file <file>", "the private key of the server's certificate, in PEM")
  .option("--certs <dir>", "folder with ca.pem, server.pem and server.key; missing files are created", certificatesFolder)
  .addOption(new Option("--transport <name>", "transport that carries the calls").choices(transportNames).default(transportNames[0]))
  .option("--gateway", "serve through a gateway, which relays the calls to the server", false)
  .action(serve)
  .parseAsync();

async function serve(flags: Flags, command: Command): Promise<void> {
  const server = createServer(serverOptions(flags.transport));
  server.add(testService);
  // Install the signal handlers first: a reader of the line below may send a signal at once.
  let gateway: Gateway | undefined;
  const close = async () => {
    await gateway?.close();
    await server.shutdown({ graceMs: 1000 });
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void close());
  try {
    const tls = flags.use_tls ? await findCertificates(flags, command) : undefined;
    let address = `${flags.host}:${flags.port}`;
    if (flags.gateway) {
      const upstream = await server.listen("127.0.0.1:0");
      gateway = createGateway({ services: [testService.service], upstream: upstream.address, allowedHosts: ["*"], graceMs: 1000, tls });
      ({ host: address } = new URL((await gateway.listen(address)).url));
    } else ({ address } = await server.listen(address, tls));
    console.log(`serving grpc.testing.TestService on ${address}${tls === undefined ? "" : `, over TLS with ${tls.cert}`}`);
  } catch (error) {
    if (!(error instanceof ListenError || error instanceof CertificatesError || error instanceof TlsFileError)) throw error;
    command.error(`error: ${error.message}`);
  }
}

async function findCertificates({ tls_cert_file: cert, tls_key_file: key, certs }: Flags, command: Command): Promise<ServerTls> {
  if ((cert === undefined) !== (key === undefined)) command.error("error: --tls_cert_file and --tls_key_file must be used together");
  if (cert !== undefined && key !== undefined) return { cert, key: parseFile(key) };
  await createCertificates({ dir: certs, sans: testNames });
  return { cert: join(certs, "server.pem"), key: join(certs, "server.key") };
}
