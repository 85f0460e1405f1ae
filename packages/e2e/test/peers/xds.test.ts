// xDS by grpc-js-xds below our client: a control plane of this test names two servers, and calls go
// to both. The .proto files of Envoy come with grpc-js-xds.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { register } from "@grpc/grpc-js-xds";
import { loadSync } from "@grpc/proto-loader";
import { createClient, createServer, implement } from "@grpc-study/rpc";
import { grpcJsChannel } from "@grpc-study/rpc/grpc-js";
import { expect, test } from "vitest";
import { TestService } from "../../gen/grpc/testing/test_pb.js";

const deps = join(dirname(createRequire(import.meta.url).resolve("@grpc/grpc-js-xds/package.json")), "deps");
const type = "type.googleapis.com/envoy";

const definition = loadSync(
  [
    "envoy/service/discovery/v3/ads.proto",
    "envoy/config/listener/v3/listener.proto",
    "envoy/config/cluster/v3/cluster.proto",
    "envoy/config/endpoint/v3/endpoint.proto",
    "envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto",
    "envoy/extensions/filters/http/router/v3/router.proto",
    "envoy/service/status/v3/csds.proto",
  ],
  {
    keepCase: true,
    defaults: true,
    oneofs: true,
    enums: String,
    includeDirs: ["envoy-api", "xds", "googleapis", "protoc-gen-validate"].map((folder) => join(deps, folder)),
  },
);

interface DiscoveryRequest {
  readonly type_url: string;
  readonly version_info: string;
}

/** The resources of the control plane by type: one listener, one cluster, and its endpoints. */
function resourcesFor(ports: readonly number[]): Readonly<Record<string, object>> {
  const router = { name: "router", typed_config: { "@type": `${type}.extensions.filters.http.router.v3.Router` } };
  const manager = {
    "@type": `${type}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    route_config: {
      name: "route",
      virtual_hosts: [{ name: "all", domains: ["*"], routes: [{ match: { prefix: "" }, route: { cluster: "backends" } }] }],
    },
    http_filters: [router],
  };
  const endpoints = ports.map((port_value) => ({
    health_status: "HEALTHY",
    endpoint: { address: { socket_address: { address: "127.0.0.1", port_value } } },
  }));
  return {
    [`${type}.config.listener.v3.Listener`]: { name: "greeter", api_listener: { api_listener: manager } },
    [`${type}.config.cluster.v3.Cluster`]: {
      name: "backends",
      type: "EDS",
      eds_cluster_config: { eds_config: { ads: {} } },
      lb_policy: "ROUND_ROBIN",
    },
    [`${type}.config.endpoint.v3.ClusterLoadAssignment`]: {
      cluster_name: "backends",
      endpoints: [{ locality: { region: "here" }, load_balancing_weight: { value: 1 }, lb_endpoints: endpoints }],
    },
  };
}

/** Starts a control plane, and returns its port. */
async function startControlPlane(started: AsyncDisposableStack, resources: Readonly<Record<string, object>>): Promise<number> {
  const server = new grpc.Server();
  const service = definition["envoy.service.discovery.v3.AggregatedDiscoveryService"] as grpc.ServiceDefinition;
  server.addService(service, {
    StreamAggregatedResources(call: grpc.ServerDuplexStream<DiscoveryRequest, object>) {
      call.on("data", ({ type_url, version_info }: DiscoveryRequest) => {
        const resource = resources[type_url];
        // A request with a version acknowledges a response.
        if (resource === undefined || version_info !== "") return;
        call.write({ version_info: "1", nonce: "1", type_url, resources: [{ "@type": type_url, ...resource }] });
      });
      call.on("end", () => call.end());
    },
  });
  started.defer(() => server.forceShutdown());
  return await bind(server);
}

function bind(server: grpc.Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(port)));
  });
}

interface ClientStatusResponse {
  readonly config: readonly { readonly generic_xds_configs: readonly { readonly type_url: string; readonly client_status: string }[] }[];
}

test("a client of ours calls the servers that a control plane names", async () => {
  await using started = new AsyncDisposableStack();
  const calls = new Map<string, number>();
  const start = async (name: string) => {
    const server = createServer();
    server.add(
      implement(TestService, {
        emptyCall() {
          calls.set(name, (calls.get(name) ?? 0) + 1);
          return {};
        },
      }),
    );
    started.defer(async () => void (await server.shutdown({ graceMs: 0 })));
    return (await server.listen("127.0.0.1:0")).port;
  };
  const port = await startControlPlane(started, resourcesFor([await start("a"), await start("b")]));
  const bootstrap = {
    xds_servers: [{ server_uri: `127.0.0.1:${port}`, channel_creds: [{ type: "insecure" }], server_features: ["xds_v3"] }],
    node: { id: "test", locality: {} },
  };
  process.env["GRPC_XDS_BOOTSTRAP_CONFIG"] = JSON.stringify(bootstrap);
  started.defer(() => void delete process.env["GRPC_XDS_BOOTSTRAP_CONFIG"]);
  register();
  const channel = started.use(grpcJsChannel(new grpc.Channel("xds:///greeter", grpc.credentials.createInsecure(), {})));
  const client = createClient(TestService, channel);
  while (calls.size < 2) await client.emptyCall({}, { waitForReady: true, timeoutMs: 20_000 });
  expect([...calls.keys()].sort()).toEqual(["a", "b"]);

  // The admin services of grpc-js show what the control plane has sent (CSDS).
  const admin = new grpc.Server();
  grpc.addAdminServicesToServer(admin);
  started.defer(() => admin.forceShutdown());
  const ClientStatus = grpc.makeGenericClientConstructor(
    definition["envoy.service.status.v3.ClientStatusDiscoveryService"] as grpc.ServiceDefinition,
    "csds",
  );
  const observer = new ClientStatus(`127.0.0.1:${await bind(admin)}`, grpc.credentials.createInsecure());
  started.defer(() => observer.close());
  const statuses = await new Promise<ClientStatusResponse>((resolve, reject) => {
    observer["FetchClientStatus"]?.({}, (error: Error | null, response: ClientStatusResponse) =>
      error ? reject(error) : resolve(response),
    );
  });
  const configs = statuses.config.flatMap(({ generic_xds_configs }) => generic_xds_configs);
  expect(new Set(configs.map(({ type_url }) => type_url))).toEqual(
    new Set(["envoy.config.listener.v3.Listener", "envoy.config.cluster.v3.Cluster", "envoy.config.endpoint.v3.ClusterLoadAssignment"]),
  );
  expect(new Set(configs.map(({ client_status }) => client_status))).toEqual(new Set(["ACKED"]));
});
