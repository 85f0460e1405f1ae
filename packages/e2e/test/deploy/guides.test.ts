// The files of the guides "Docker" and "Probes". packages/release runs the commands of the
// Dockerfile.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DockerfileParser } from "dockerfile-ast";
import { validate } from "dockerfile-utils";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { blocksOf } from "../examples/blocks.ts";
import { repository } from "../harness/paths.ts";
import { faultsOf, type KubernetesObject } from "./schemas.ts";

function fileOf(guide: string, file: string): string {
  const block = blocksOf(readFileSync(join(repository, "docs/guides/first-week", `${guide}.md`), "utf8")).find((one) => one.file === file);
  if (block === undefined) throw new Error(`${guide}.md has no file ${file}`);
  return block.text;
}

describe("the Dockerfile of the guide", () => {
  const text = fileOf("docker", "Dockerfile");
  const instructions = DockerfileParser.parse(text).getInstructions();

  test("passes the linter", () => {
    expect(validate(text).map(({ message, range }) => `line ${range.start.line + 1}: ${message}`)).toEqual([]);
  });

  test("has the base images of deploy/Dockerfile", () => {
    const imagesOf = (dockerfile: string) => [...dockerfile.matchAll(/^FROM (\S+:\S+)/gm)].map(([, image]) => image);
    expect(imagesOf(text)).toEqual(imagesOf(readFileSync(join(repository, "deploy/Dockerfile"), "utf8")));
  });

  test("needs no shell: each command is a JSON array", () => {
    const commands = instructions.filter((instruction) => ["RUN", "CMD", "HEALTHCHECK"].includes(instruction.getKeyword()));
    expect(commands.length).toBeGreaterThan(0);
    for (const command of commands) {
      const content = command.getArgumentsContent() ?? "";
      expect(JSON.parse(content.slice(content.indexOf("[")))).toEqual(expect.arrayContaining([expect.any(String)]));
    }
  });
});

test("the probes of the guide fit the schema of Kubernetes, and ask the port of the container", async () => {
  const container = parse(fileOf("probes", "container.yaml")) as {
    readonly ports: readonly { readonly containerPort: number }[];
    readonly [probe: `${string}Probe`]: { readonly grpc: { readonly port: number } };
  };
  const labels = { app: "greeter" };
  const deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "greeter" },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "greeter", image: "greeter", ...container }] } },
    },
  } satisfies KubernetesObject & { readonly spec: object };
  expect(await faultsOf(deployment)).toEqual([]);
  const [port] = container.ports;
  for (const probe of ["livenessProbe", "readinessProbe"] as const) {
    expect(container[probe]?.grpc.port).toBe(port?.containerPort);
  }
});
