// The interop server: `pnpm --filter @grpc-study/e2e interop-server --port 10000`.
import { join } from "node:path";
import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
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
}

/** The names in gRPC's own test certificate, which clients use with `--server_host_override`. */
const testNames = ["*.test.google.fr", "waterzooi.test.google.be", "*.test.youtube.com"];

// Silences grpc-js, which also writes its errors to stderr.
setLogVerbosity(logVerbosity.NONE);

await new Command("interop-server")
  .description("Serves grpc.testing.TestService for gRPC's interop tests.")
  .configureOutput(oneLine)
  .option("--port <port>", "port to listen on; 0 takes any that is free", parsePort, 0)
  .option("--host <host>", "name or address to listen on; localhost is the loopback address of IPv4 and of IPv6", "localhost")
  .option("--use_tls [boolean]", "serve over TLS", parseBoolean, false)
  .option("--tls_cert_file <file>", "the server's certificate, in PEM", parseFile)
  .option("--tls_key_file <file>", "its private key, in PEM")
  .option("--certs <dir>", "folder with ca.pem, server.pem and server.key; made if it has none", certificatesFolder)
  .addOption(new Option("--transport <name>", "what carries the calls").choices(transportNames).default(transportNames[0]))
  .action(serve)
  .parseAsync();

async function serve(flags: Flags, command: Command): Promise<void> {
  const server = createServer(serverOptions(flags.transport));
  server.add(testService);
  // Precedes the message that it serves, since a reader of that message may end the server at once.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void server.shutdown({ graceMs: 1000 }));
  try {
    const tls = flags.use_tls ? await findCertificates(flags, command) : undefined;
    const { address } = await server.listen(`${flags.host}:${flags.port}`, tls);
    console.log(`serving grpc.testing.TestService on ${address}${tls === undefined ? "" : `, over TLS with ${tls.cert}`}`);
  } catch (error) {
    if (!(error instanceof ListenError || error instanceof CertificatesError || error instanceof TlsFileError)) throw error;
    command.error(`error: ${error.message}`);
  }
}

async function findCertificates({ tls_cert_file: cert, tls_key_file: key, certs }: Flags, command: Command): Promise<ServerTls> {
  if ((cert === undefined) !== (key === undefined)) command.error("error: --tls_cert_file and --tls_key_file go together");
  if (cert !== undefined && key !== undefined) return { cert, key: parseFile(key) };
  await createCertificates({ dir: certs, sans: testNames });
  return { cert: join(certs, "server.pem"), key: join(certs, "server.key") };
}
