// The Dockerfile and the Compose file: a linter accepts them, every path that they name exists, and
// their commands run as processes. No image is built.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ProdAreas } from "@grpc-study/proto/shop";
import { DockerfileParser } from "dockerfile-ast";
import { validate } from "dockerfile-utils";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { GatewayProcess, ready } from "../gateway/gateways.ts";
import { repository } from "../harness/paths.ts";
import { run } from "../harness/process.ts";
import { ServerProcess } from "../harness/server.ts";
import { until } from "../harness/until.ts";
import { Folder } from "../security/certificates.ts";

const text = readFileSync(join(repository, "deploy/Dockerfile"), "utf8");
const dockerfile = DockerfileParser.parse(text);
const instructions = dockerfile.getInstructions().map((instruction) => ({
  keyword: instruction.getKeyword(),
  content: instruction.getArgumentsContent() ?? "",
}));
const last = instructions.slice(instructions.findLastIndex(({ keyword }) => keyword === "FROM"));

/** The arguments of the last instruction with this keyword, which are a JSON array. */
function argumentsOf(keyword: string): string[] {
  const content = last.findLast((instruction) => instruction.keyword === keyword)?.content ?? "";
  return JSON.parse(content.slice(content.indexOf("["))) as string[];
}

/** A command of the image, on this machine: without the path of Node, and with other arguments. */
function local(args: readonly string[], changes: Readonly<Record<string, string>>): string[] {
  const [main = "", ...rest] = args.filter((arg) => arg !== "/nodejs/bin/node");
  const changed = rest.map((arg, index) => changes[rest[index - 1] ?? ""] ?? arg);
  return [join(repository, main), ...changed];
}

describe("the Dockerfile", () => {
  test("passes the linter", () => {
    expect(validate(text).map(({ message, range }) => `line ${range.start.line + 1}: ${message}`)).toEqual([]);
  });

  test("ends with a stage that has no shell, and does not run as root", () => {
    expect(last[0]?.content).toMatch(/^gcr\.io\/distroless\/nodejs\d+-debian\d+:nonroot$/);
    expect(last.filter(({ keyword }) => keyword === "USER").map(({ content }) => content)).toEqual(["nonroot"]);
    // Without a shell, each command is a JSON array.
    for (const keyword of ["ENTRYPOINT", "CMD", "HEALTHCHECK"]) expect(argumentsOf(keyword).length).toBeGreaterThan(0);
    expect(last.some(({ keyword }) => keyword === "RUN")).toBe(false);
  });

  test("installs the version of pnpm that the repository names, and packages that exist", () => {
    const { packageManager } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as { packageManager: string };
    expect(text).toContain(`"${packageManager}"`);
    for (const [, name = ""] of text.matchAll(/@grpc-study\/([a-z0-9]+)\.\.\./g)) {
      expect(existsSync(join(repository, "packages", name, "package.json"))).toBe(true);
    }
  });

  test("its context has each file that the build reads, and no certificates", () => {
    const lines = readFileSync(join(repository, "deploy/Dockerfile.dockerignore"), "utf8").split("\n");
    const included = lines.filter((line) => line.startsWith("!")).map((line) => line.slice(1));
    for (const path of included) expect([path, existsSync(join(repository, path))]).toEqual([path, true]);
    expect(included).toEqual(expect.arrayContaining(["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", "packages", "scripts"]));
    expect(lines).toEqual(expect.arrayContaining(["**/*.pem", "**/*.key"]));
  });
});

test("the server and the health check of the image run, and SIGTERM ends the server with status 0", async () => {
  const args = local(argumentsOf("CMD"), { "--host": "127.0.0.1", "--port": "0" });
  await using server = new ServerProcess(process.execPath, [...argumentsOf("ENTRYPOINT").slice(1), ...args]);
  const row = await server.stdout.line((line) => line.startsWith("shop "));
  const address = row.split(/\s+/)[1] ?? "";
  const health = local(argumentsOf("HEALTHCHECK"), { "--addr": address });
  expect(await run(process.execPath, health)).toMatchObject({ status: 0, stdout: "SERVING\n" });
  server.kill("SIGTERM");
  expect(await server.exit).toEqual({ status: 0, signal: null });
  expect(await run(process.execPath, health)).toMatchObject({ status: 1, stdout: "" });
});

describe("the Compose file", () => {
  interface ComposeService {
    readonly command?: readonly string[];
    readonly stop_grace_period: string;
    readonly healthcheck?: { readonly test: readonly string[] };
  }
  const compose = parse(readFileSync(join(repository, "deploy/compose.yaml"), "utf8")) as {
    readonly services: Readonly<Record<"shop" | "gateway", ComposeService>>;
    readonly configs: Readonly<Record<string, { readonly file: string }>>;
  };

  test("names files that exist, and waits longer than a shutdown takes", () => {
    for (const { file } of Object.values(compose.configs)) expect(existsSync(join(repository, "deploy", file))).toBe(true);
    for (const { stop_grace_period } of Object.values(compose.services)) expect(Number.parseInt(stop_grace_period, 10)).toBeGreaterThan(11);
  });

  test("its gateway balances over two servers, and its health check follows them", { timeout: 120_000 }, async () => {
    await using folder = await Folder.make();
    const start = () => new ServerProcess(process.execPath, local(argumentsOf("CMD"), { "--host": "127.0.0.1", "--port": "0" }));
    await using a = start();
    await using b = start();
    const [first, second] = await Promise.all(
      [a, b].map(async ({ stdout }) => (await stdout.line((line) => line.startsWith("shop "))).split(/\s+/)[1] ?? ""),
    );
    const config = readFileSync(join(repository, "deploy", compose.configs["gateway"]?.file ?? ""), "utf8")
      .replace("0.0.0.0:8080", "127.0.0.1:0")
      .replace("dns:shop:50051", `ipv4:${first},${second}`);
    const file = await folder.write("gateway.yaml", config);
    const args = local(compose.services.gateway.command ?? [], { "--config": file });
    await using gateway = await ready(new GatewayProcess(process.execPath, args), / serves /, /^(https?:\/\/\S+) serves /);
    for (let call = 0; call < 8; call++) {
      expect(await (await fetch(`${gateway.url}/v1/prod/1?prod_area=${ProdAreas[ProdAreas.A]}`)).json()).toBeTypeOf("object");
    }
    const calls = ({ stderr }: ServerProcess) => stderr.lines.filter((line) => line.includes("GetProdStock")).length;
    await until(() => calls(a) + calls(b) === 8);
    expect(Math.min(calls(a), calls(b))).toBeGreaterThan(0);
    const health = (compose.services.gateway.healthcheck?.test ?? [])
      .slice(2)
      .map((arg) => arg.replace("http://127.0.0.1:8080", gateway.url));
    expect(await run(process.execPath, health)).toMatchObject({ status: 0 });
    for (const server of [a, b]) await server.stop();
    // Until the gateway has lost its connections.
    await until(async () => (await run(process.execPath, health)).status === 1);
  });
});
