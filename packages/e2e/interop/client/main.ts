// The interop client: `pnpm --filter @grpc-study/e2e interop-client --server_port 10000 --test_case large_unary`. Its status is 0 if the case holds;
// else it is 1, and stderr says in one line what does not.
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import type { ChannelOptions } from "@grpc-study/rpc";
import { Command, Option } from "commander";
import { certificatesFolder, oneLine, parseBoolean, parseFile, parsePort } from "../flags.ts";
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
}

// grpc-js writes to stderr what it also reports.
setLogVerbosity(logVerbosity.NONE);

await new Command("interop-client")
  .description("Runs a case of gRPC's interop tests against a server of grpc.testing.TestService.")
  .configureOutput(oneLine)
  .option("--server_host <host>", "the server's name or address", "localhost")
  .requiredOption("--server_port <port>", "its port", parsePort)
  .option("--server_host_override <name>", "the name that its certificate must have, and the :authority")
  .addOption(new Option("--test_case <name>", "the case to run").choices(caseNames).makeOptionMandatory())
  .option("--use_tls [boolean]", "call over TLS", parseBoolean, false)
  .option(
    "--use_test_ca [boolean]",
    "trust the CA of the interop server's own certificates, instead of those that Node knows",
    parseBoolean,
    false,
  )
  .option("--ca_file <file>", "trust this CA, in PEM, instead", parseFile)
  .action(async (flags: Flags) => {
    const host = flags.server_host.includes(":") && !flags.server_host.startsWith("[") ? `[${flags.server_host}]` : flags.server_host;
    try {
      await runCase(cases[flags.test_case], `${host}:${flags.server_port}`, channelOptions(flags));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      console.error(`${flags.test_case}: ${reason.replaceAll(/\s+/g, " ").trim()}`);
      process.exitCode = 1;
    }
    // A call that was cancelled is reset in the next turns of the loop.
    await delay(10);
    process.exit();
  })
  .parseAsync();

function channelOptions({ use_tls: tls, use_test_ca: testCa, ca_file: file, server_host_override: serverName }: Flags): ChannelOptions {
  if (!tls) return serverName === undefined ? {} : { authority: serverName };
  const ca = file ?? (testCa ? join(certificatesFolder, "ca.pem") : undefined);
  return { tls: { ...(ca !== undefined && { ca }), ...(serverName !== undefined && { serverName }) } };
}
