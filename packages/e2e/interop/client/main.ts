// The interop client: `pnpm --filter @grpc-study/e2e interop-client --server_port 10000 --test_case
// large_unary`. It exits with status 0 if the case passes. Otherwise it exits with status 1 and
// writes the reason to stderr, on one line.
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import type { Channel } from "@grpc-study/rpc";
import { Command, Option } from "commander";
import { certificatesFolder, oneLine, parseBoolean, parseFile, parsePort } from "../flags.ts";
import { openChannel, type TransportName, transportNames } from "../transport.ts";
import { type CaseName, caseNames, cases } from "./cases/index.ts";
import { runCase } from "./run.ts";

interface Flags {
  readonly server_host: string;
  readonly server_port: number;
  readonly server_host_override?: string;
  readonly test_case: CaseName;
  readonly use_tls: boolean;
  readonly use_test_ca: boolean;
  readonly ca_file?: string;
  readonly transport: TransportName;
}

// grpc-js logs the errors that it also reports to its caller.
setLogVerbosity(logVerbosity.NONE);

await new Command("interop-client")
  .description("Runs a case of gRPC's interop tests against a server of grpc.testing.TestService.")
  .configureOutput(oneLine)
  .option("--server_host <host>", "the server's name or address", "localhost")
  .requiredOption("--server_port <port>", "the server's port", parsePort)
  .option("--server_host_override <name>", "the name to verify in the server's certificate, and to send as :authority")
  .addOption(new Option("--test_case <name>", "the case to run").choices(caseNames).makeOptionMandatory())
  .option("--use_tls [boolean]", "use TLS", parseBoolean, false)
  .option("--use_test_ca [boolean]", "trust the CA that the interop server creates, instead of Node's authorities", parseBoolean, false)
  .option("--ca_file <file>", "trust the CA in this PEM file", parseFile)
  .addOption(new Option("--transport <name>", "transport that carries the calls").choices(transportNames).default(transportNames[0]))
  .action(async (flags: Flags) => {
    try {
      await runCase(cases[flags.test_case], channelFor(flags));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      console.error(`${flags.test_case}: ${reason.replaceAll(/\s+/g, " ").trim()}`);
      process.exitCode = 1;
    }
    // A cancelled call resets its stream in one of the next turns of the event loop.
    await delay(10);
    process.exit();
  })
  .parseAsync();

function channelFor({ server_host: name, server_port: port, server_host_override: serverName, transport, ...flags }: Flags): Channel {
  const target = `${name.includes(":") && !name.startsWith("[") ? `[${name}]` : name}:${port}`;
  if (!flags.use_tls) return openChannel(transport, target, { authority: serverName });
  const ca = flags.ca_file ?? (flags.use_test_ca ? join(certificatesFolder, "ca.pem") : undefined);
  return openChannel(transport, target, { tls: { ...(ca !== undefined && { ca }), ...(serverName !== undefined && { serverName }) } });
}
