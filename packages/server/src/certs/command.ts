// `certs` and `certs show`: the commands that make certificates and show them.
import { basename, resolve } from "node:path";
import { endIfStdoutFails } from "@grpc-study/command/command-line";
import { hasColour } from "@grpc-study/log";
import { type Command, InvalidArgumentError } from "commander";
import { type Created, createCertificates, defaultDays } from "./create.ts";
import { CertificatesError } from "./error.ts";
import { commandFor, defaultFolder } from "./folder.ts";
import { formatCertificates, formatDistance, formatTime } from "./format.ts";
import { defaultNames, parseName } from "./names.ts";
import { type CertificateSet, readCertificates } from "./read.ts";

const warnDays = 30;

interface CertsOptions {
  readonly certs: string;
  readonly san?: readonly string[];
  readonly days?: number;
  readonly renew?: true;
  readonly force?: true;
}

/** Adds `certs` and `certs show`. Errors are one line on stderr, with exit status 1. */
export function addCertsCommand(program: Command): void {
  const certs = program
    .command("certs")
    .description("Makes a CA, a server certificate and a client certificate. Keeps a valid set.")
    .option("--certs <dir>", "folder of the certificates", parseFolder, defaultFolder())
    .option(
      "--san <name...>",
      `more DNS names and IP addresses of the server certificate, besides ${defaultNames.join(", ")}`,
      collectNames,
    )
    .option("--days <days>", `days that the server and client certificates are valid (default: ${defaultDays})`, parseDays)
    .option("--renew", "issue new server and client certificates with the same CA and keys")
    .option("--force", "replace everything, including the CA and the keys")
    .allowExcessArguments()
    .action(async (options: CertsOptions) => {
      const [unknown] = certs.args;
      if (unknown !== undefined) certs.error(`error: unknown command 'certs ${unknown}' (the commands are certs and certs show)`);
      endIfStdoutFails();
      const created = await reportErrors(certs, () => createCertificates({ ...options, dir: options.certs, sans: options.san }));
      print(certs, `${summarize(created)}\n\n${format(created.set)}`);
      if (created.action === "kept") warnBeforeExpiry(certs, created.set);
    });

  const show = certs
    .command("show")
    .description("Shows subject, names, issuer, expiry and fingerprint of each certificate.")
    .option("--certs <dir>", "folder of the certificates", parseFolder)
    .option("--json", "print JSON")
    .action(async ({ json }: { readonly json?: true }) => {
      endIfStdoutFails();
      // `certs --certs DIR show` is the same as `certs show --certs DIR`.
      const dir: string = show.getOptionValue("certs") ?? certs.getOptionValue("certs");
      const set = await readCertificates(dir);
      if (json) print(show, `${JSON.stringify(set, null, 2)}\n`);
      else if (set.certificates.length > 0) print(show, format(set));
      if (set.state === "absent") show.error(`error: ${set.dir}: there are no certificates; \`${commandFor(set.dir)}\` makes them`);
      if (set.problems.length > 0) show.error(`error: ${set.dir}: ${set.problems.join("; ")}`);
      warnBeforeExpiry(show, set);
    });
}

function summarize({ action, set }: Created): string {
  const expiry = firstToExpire(set);
  const until = expiry === undefined ? "" : `, valid until ${formatTime(expiry.notAfter)} (${formatDistance(expiry.notAfter)})`;
  switch (action) {
    case "made":
      return `${set.dir}: made a CA, a server certificate and a client certificate${until}`;
    case "renewed":
      return `${set.dir}: renewed the server and client certificates with the same CA${until}`;
    case "kept":
      return `${set.dir}: the certificates are up to date${until}; --renew or --force replaces them`;
  }
}

function warnBeforeExpiry(command: Command, set: CertificateSet): void {
  const first = firstToExpire(set);
  if (set.state !== "valid" || first === undefined || first.notAfter.getTime() - Date.now() > warnDays * 24 * 60 * 60 * 1000) return;
  const renewal = commandFor(set.dir, first.role === "ca" ? "--force" : "--renew");
  command.configureOutput().writeErr?.(`warning: ${basename(first.file)} expires ${formatDistance(first.notAfter)}; \`${renewal}\`\n`);
}

function firstToExpire({ certificates }: CertificateSet) {
  return certificates.toSorted((a, b) => a.notAfter.getTime() - b.notAfter.getTime())[0];
}

function format({ certificates }: CertificateSet): string {
  return formatCertificates(certificates, { colour: hasColour(process.stdout) });
}

function print(command: Command, text: string): void {
  command.configureOutput().writeOut?.(text);
}

async function reportErrors<T>(command: Command, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof CertificatesError)) throw error;
    return command.error(`error: ${error.message}`);
  }
}

function parseFolder(text: string): string {
  if (text === "") throw new InvalidArgumentError("It must be the path of a folder.");
  return resolve(text);
}

function parseDays(text: string): number {
  const days = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (days < 1 || days > 36500) throw new InvalidArgumentError("It must be a whole number from 1 to 36500.");
  return days;
}

function collectNames(text: string, names: readonly string[] = []): readonly string[] {
  try {
    return [...names, parseName(text)];
  } catch (error) {
    if (!(error instanceof CertificatesError)) throw error;
    throw new InvalidArgumentError(error.message);
  }
}
