// The manifests of deploy/kubernetes: they fit the schemas of Kubernetes, and what they say of our
// commands is true. Nothing is started in a cluster.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { repository } from "../harness/paths.ts";
import { faultsOf, objectsOf } from "./schemas.ts";

interface Probe {
  readonly grpc?: { readonly port: number; readonly service?: string };
}

interface Deployment {
  readonly spec: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly [
          {
            readonly args: readonly string[];
            readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
            readonly readinessProbe: Probe;
            readonly livenessProbe: Probe;
            readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
          },
        ];
      };
    };
  };
}

interface Service {
  readonly spec: {
    readonly clusterIP?: string;
    readonly selector: Readonly<Record<string, string>>;
    readonly ports: readonly { readonly port: number; readonly targetPort: string }[];
  };
}

/** The grace of the commands and the second after it, in seconds. */
const shutdownSeconds = 11;

const files = ["shop.yaml", "gateway.yaml"];

function only<Kind>(file: string, kind: string): Kind {
  const found = objectsOf(file).filter((object) => object.kind === kind);
  expect(found).toHaveLength(1);
  return found[0] as Kind;
}

test.each(files)("%s fits the schemas of Kubernetes", async (file) => {
  for (const object of objectsOf(file)) expect([object.kind, await faultsOf(object)]).toEqual([object.kind, []]);
});

test("the check finds wrong types, missing fields and unknown fields", async () => {
  const [deployment] = objectsOf("shop.yaml");
  const wrong = JSON.parse(JSON.stringify(deployment).replace('"replicas":2', '"replicas":"two"').replace('"clusterIP"', '"clusterIp"'));
  expect(await faultsOf(wrong)).toEqual(["/spec/replicas type"]);
  const missing = JSON.parse(JSON.stringify(deployment).replaceAll('"port":50051', '"prot":50051'));
  expect(await faultsOf(missing)).toContain("/spec/template/spec/containers/0/readinessProbe/grpc required");
  const unknown = JSON.parse(JSON.stringify(deployment).replace('"livenessProbe"', '"livenesProbe"'));
  expect(await faultsOf(unknown)).toContain("/spec/template/spec/containers/0/livenesProbe unknown");
});

describe.each(files)("%s", (file) => {
  const { spec } = only<Deployment>(file, "Deployment");
  const [container] = spec.template.spec.containers;

  test("Kubernetes waits longer than preStop and the shutdown take together", () => {
    const { seconds } = container.lifecycle.preStop.sleep;
    expect(spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(seconds + shutdownSeconds);
  });

  test("the selectors of the Deployment, the Service and the PodDisruptionBudget match the Pods", () => {
    const { labels } = spec.template.metadata;
    expect(labels).toMatchObject(spec.selector.matchLabels);
    expect(labels).toMatchObject(only<Service>(file, "Service").spec.selector);
    expect(labels).toMatchObject(only<Deployment>(file, "PodDisruptionBudget").spec.selector.matchLabels);
  });

  test("the ports of the command, the probes and the Service are those of the container", () => {
    const [{ name, containerPort }] = container.ports as [(typeof container.ports)[0]];
    expect(only<Service>(file, "Service").spec.ports).toMatchObject([{ targetPort: name }]);
    for (const { grpc } of [container.readinessProbe, container.livenessProbe]) if (grpc) expect(grpc.port).toBe(containerPort);
    const config = container.args.includes("--config")
      ? configOfGateway().listen
      : `:${container.args[container.args.indexOf("--port") + 1]}`;
    expect(config).toMatch(new RegExp(`:${containerPort}$`));
  });
});

test("the Service of the servers is headless, and the gateway balances over its name", () => {
  const service = only<Service & { readonly metadata: { readonly name: string } }>("shop.yaml", "Service");
  expect(service.spec.clusterIP).toBe("None");
  expect(configOfGateway().upstreams).toEqual([
    { address: `dns:${service.metadata.name}:${service.spec.ports[0]?.port}`, balancing: "round_robin" },
  ]);
});

test("the ConfigMap has the configuration of deploy/gateway.yaml", () => {
  expect(configOfGateway()).toEqual(parse(readFileSync(join(repository, "deploy/gateway.yaml"), "utf8")));
});

function configOfGateway(): { readonly listen: string; readonly upstreams: readonly object[] } {
  const { data } = only<{ readonly data: Readonly<Record<string, string>> }>("gateway.yaml", "ConfigMap");
  return parse(data["gateway.yaml"] ?? "") as ReturnType<typeof configOfGateway>;
}
