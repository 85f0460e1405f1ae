// `check FILE`: finds all faults in a configuration and in the files that it names.

import { endIfStdoutFails } from "@grpc-study/command/command-line";
import { printable } from "@grpc-study/command/printable";
import { createLogger } from "@grpc-study/log";
import { TlsFileError } from "@grpc-study/rpc";
import { serverCertificates } from "@grpc-study/rpc/transport";
import type { Config, UpstreamConfig } from "../config/config.ts";
import type { Path } from "../config/document.ts";
import { ConfigError, type ConfigFile, readConfig } from "../config/read-config.ts";
import { DescriptorsError } from "../descriptors.ts";
import { createGateway } from "../gateway.ts";
import { allBindings } from "../http-rule/all-bindings.ts";
import { readRules } from "../http-rule/read-rules.ts";
import { type HttpRuleInit, RuleError } from "../http-rule/rule.ts";
import { ownPathsOf, withOptions } from "../own-paths.ts";
import { MethodTimeouts } from "../timeouts.ts";
import type { CheckOptions } from "./cli.ts";
import { readRuleFile } from "./rules.ts";
import { checkServices, fixedOptions, pathsOf, servicesOf } from "./settings.ts";
import { UnknownServiceError, UpstreamServer, UsageError } from "./upstream-server.ts";

/** Prints a summary, or the faults and sets the exit status to 1. */
export async function check(file: string, { connect }: CheckOptions): Promise<void> {
  endIfStdoutFails();
  try {
    const checked = new ConfigCheck(readConfig(file));
    await checked.run(connect === true);
    const { faults, warnings, summary } = checked.report();
    for (const line of [...faults, ...warnings]) process.stderr.write(`${printable(line)}\n`);
    if (faults.length > 0) process.exitCode = 1;
    else process.stdout.write(summary);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(
      error.message
        .split("\n")
        .map((line) => `${printable(line)}\n`)
        .join(""),
    );
    process.exitCode = 1;
  }
}

interface Finding {
  readonly path: Path;
  readonly message: string;
}

class ConfigCheck {
  readonly #faults: Finding[] = [];
  readonly #warnings: Finding[] = [];
  readonly #file: ConfigFile;
  readonly #config: Config;
  /** The servers, with their indexes in the configuration. */
  readonly #servers = new Map<number, UpstreamServer>();
  #counts = { services: 0, methods: 0, routes: 0 };

  constructor(file: ConfigFile) {
    this.#file = file;
    this.#config = file.config;
  }

  async run(connect: boolean): Promise<void> {
    const rules = this.#rules();
    await this.#options();
    this.#tls();
    for (const [index, upstream] of (this.#config.upstreams ?? []).entries()) this.#open(index, upstream);
    if (this.#config.upstreams === undefined) this.#warn([], "the file has no upstreams: the command needs --upstream");
    try {
      await Promise.all([...this.#servers].map(([index, server]) => this.#read(index, server, connect)));
      this.#bindings(rules);
    } finally {
      for (const server of this.#servers.values()) server.close();
    }
  }

  report() {
    const lines = (findings: readonly Finding[]) =>
      findings
        .toSorted((one, other) => this.#file.compare(one.path, other.path))
        .map(({ path, message }) => this.#file.lineOf(path, message));
    return { faults: lines(this.#faults), warnings: lines(this.#warnings), summary: this.#summary() };
  }

  #summary(): string {
    const { services, methods, routes } = this.#counts;
    const unread = [...this.#servers.values()].filter(({ descriptors }) => descriptors === undefined);
    const lines = [
      `${this.#file.file} is valid: ${count(this.#servers.size, "server")}, ${count(services, "service")}, ${count(methods, "method")}, ${count(routes, "route")}`,
      ...unread.map(({ name }) => `the services of ${name} were not read: use --connect`),
    ];
    return lines.map((line) => `${printable(line)}\n`).join("");
  }

  #rules(): HttpRuleInit[] {
    const { rules = [], ruleFiles = [] } = this.#config;
    return [
      ...ruleFiles.flatMap((file, index) => this.#attempt(["ruleFiles", index], () => readRuleFile(file)) ?? []),
      ...rules.flatMap((rule, index) => this.#attempt(["rules", index], () => readRules({ http: { rules: [rule] } })) ?? []),
    ];
  }

  /** Creates a gateway without services, which checks all other options. */
  async #options(): Promise<void> {
    const fixed = { ...fixedOptions(this.#config, createLogger("silent")), tls: undefined };
    try {
      await createGateway({ ...fixed, services: [], upstream: "localhost:1", missing: true }).close();
    } catch (error) {
      if (!isFault(error)) throw error;
      this.#fault(optionPaths.find(([option]) => error.message.startsWith(option))?.[1] ?? [], error.message);
    }
  }

  #tls(): void {
    const { tls } = this.#config;
    if (tls === undefined) return;
    try {
      serverCertificates(tls);
    } catch (error) {
      if (!(error instanceof TlsFileError)) throw error;
      const name = (["cert", "key", "clientCa"] as const).find((one) => tls[one] !== undefined && error.message.includes(tls[one]));
      this.#fault(name === undefined ? ["tls"] : ["tls", name], error.message);
    }
  }

  #open(index: number, upstream: UpstreamConfig): void {
    try {
      this.#servers.set(index, new UpstreamServer(upstream, this.#config.limits));
    } catch (error) {
      if (error instanceof TlsFileError) this.#fault(["upstreams", index, "tls"], error.message);
      else if (error instanceof UsageError) this.#fault(["upstreams", index, "address"], error.message);
      else throw error;
    }
  }

  async #read(index: number, server: UpstreamServer, connect: boolean): Promise<void> {
    if (server.isReflected && !connect) return;
    try {
      await server.read();
    } catch (error) {
      if (!(error instanceof DescriptorsError || error instanceof UsageError)) throw error;
      const name = error instanceof UnknownServiceError ? "services" : server.isReflected ? "address" : "descriptors";
      this.#fault(["upstreams", index, name], error.message);
    }
  }

  #bindings(rules: readonly HttpRuleInit[]): void {
    const { unbound, conflicts } = this.#config;
    const servers = [...this.#servers.values()];
    const services = servicesOf(servers, this.#config);
    const distinct = [...new Map(services.flat().map((service) => [service.typeName, service])).values()];
    const methods = distinct.flatMap((service) => service.methods);
    const isComplete = servers.every(({ descriptors }) => descriptors !== undefined) && servers.length === this.#config.upstreams?.length;
    this.#attempt(["services"], () => checkServices(servers, this.#config));
    const paths = this.#attempt(["paths"], () => withOptions(ownPathsOf({ services: [], upstream: "", paths: pathsOf(this.#config) })));
    for (const [selector, ms] of Object.entries(this.#config.timeouts ?? {})) {
      const path = ["timeouts", selector];
      if (isComplete && new MethodTimeouts({ timeouts: { [selector]: ms } }).unused(methods).length === 1)
        this.#warn(path, "selects no method");
    }
    try {
      const upstreams = servers.map(({ name }, index) => ({ name, services: services[index] ?? [] }));
      // Without all services, rules of the others are no fault.
      const warn = (message: string) => isComplete && this.#warn(this.#ruleOf(message), message);
      const routes = allBindings({ upstreams, rules, unbound, conflicts, ownPaths: paths, warn }).length;
      this.#counts = { services: distinct.length, methods: methods.length, routes };
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      for (const fault of error.faults) this.#fault(this.#ruleOf(fault), fault);
    }
  }

  /** The rule of the configuration that a message is about, or else the servers. */
  #ruleOf(message: string): Path {
    const { rules = [], ruleFiles = [] } = this.#config;
    const [first] = rules
      .map(({ selector }, index) => ({ index, at: Math.min(...selector.split(",").map((one) => mentionOf(message, one.trim()))) }))
      .filter(({ at }) => at < Number.POSITIVE_INFINITY)
      // The last rule for a method counts.
      .sort((one, other) => one.at - other.at || other.index - one.index);
    if (first !== undefined) return ["rules", first.index];
    return ruleFiles.length > 0 ? ["ruleFiles"] : ["upstreams"];
  }

  /** Returns the result of `work`, or records its fault. */
  #attempt<Value>(path: Path, work: () => Value): Value | undefined {
    try {
      return work();
    } catch (error) {
      if (!isFault(error)) throw error;
      for (const line of error.message.split("\n")) this.#fault(path, line);
      return undefined;
    }
  }

  #fault(path: Path, message: string): void {
    if (this.#faults.some((other) => other.message === message && this.#file.compare(other.path, path) === 0)) return;
    this.#faults.push({ path, message });
  }

  #warn(path: Path, message: string): void {
    this.#warnings.push({ path, message: `warning: ${message}` });
  }
}

/** Where a message names what a selector selects. Infinity if it does not. */
function mentionOf(message: string, selector: string): number {
  const name = selector.replace(/\*$/, "").replaceAll(/\W/g, "\\$&");
  const index = message.search(new RegExp(`(?<![\\w.])${name}${selector.endsWith("*") ? "" : "(?![\\w.])"}`));
  return index < 0 ? Number.POSITIVE_INFINITY : index;
}

/** The places of the options that begin a message of `createGateway`. */
const optionPaths: readonly (readonly [string, Path])[] = [
  ["trustProxy", ["trustProxy"]],
  ["allowedHosts", ["allowedHosts"]],
  ["cors", ["cors"]],
  ["forwardHeaders", ["headers", "forward"]],
  ["responseHeaders", ["headers", "response"]],
  ["statusMetadata", ["headers", "status"]],
  ["paths", ["paths"]],
];

function isFault(error: unknown): error is Error {
  return [UsageError, RuleError, TypeError, RangeError].some((kind) => error instanceof kind);
}

const count = (number: number, what: string) => `${number} ${what}${number === 1 ? "" : "s"}`;
