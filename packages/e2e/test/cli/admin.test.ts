// `--admin` of the commands: channelz, health and reflection on a listener of their own.
import { Code, createClient } from "@grpc-study/rpc";
import { Channelz } from "@grpc-study/rpc/channelz";
import { Health, HealthCheckResponse_ServingStatus } from "@grpc-study/rpc/health";
import { expect, test } from "vitest";
import { startGateway, startShop } from "../gateway/gateways.ts";
import { askHttp1 } from "../gateway/http.ts";
import { addressOf } from "../harness/address-of.ts";
import { gatewayMain, serverMain } from "../harness/paths.ts";
import { listenTcp } from "../harness/ports.ts";
import { outcomeOf, run } from "../harness/process.ts";
import { type ServerProcess, serve } from "../harness/server.ts";
import { startBufCurl } from "../peers/buf-curl.ts";
import { Folder } from "../security/certificates.ts";

/** The address in the start table. */
async function adminRow(server: ServerProcess): Promise<string> {
  const row = await server.stdout.line((line) => line.startsWith("admin "));
  return row.split(/\s+/)[1] ?? "";
}

async function adminLog(server: ServerProcess): Promise<string> {
  const entry = await server.logged(({ msg }) => msg === "serving channelz");
  return (entry as unknown as { address: string }).address;
}

/** Calls a method without a request, with the schema that reflection gives. */
async function curl(address: string, method: string): Promise<unknown> {
  await using process = startBufCurl(["-d", "{}", `http://${address}/grpc.channelz.v1.Channelz/${method}`]);
  const { status, stdout, stderr } = await outcomeOf(process);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout);
}

async function checkHealth(address: string): Promise<void> {
  using client = createClient(Health, address);
  expect(await client.check({})).toMatchObject({ status: HealthCheckResponse_ServingStatus.SERVING });
}

test("the server shows its listeners to buf curl, on loopback", async () => {
  await using server = await serve("chat", { args: ["--admin", "0"] });
  const address = await adminRow(server);
  expect(address).toMatch(/^localhost:\d+$/);
  const { server: servers } = (await curl(address, "GetServers")) as { server: { ref: { name: string } }[] };
  const names = servers.map(({ ref }) => ref.name);
  expect(names).toHaveLength(2);
  expect(names[0]).toContain(`127.0.0.1:${server.port}`);
  expect(names[1]).toContain(`127.0.0.1:${address.split(":")[1]}`);
  await checkHealth(address);
  // The service is not on the port of the topic.
  using client = createClient(Channelz, server.address);
  await expect(client.getServers({})).rejects.toMatchObject({ code: Code.UNIMPLEMENTED });
  await server.stop();
  expect(server.messages.at(-1)).toBe("stopped");
});

test("the gateway shows its channel to the upstream, with the calls", async () => {
  await using gateway = await startGateway(addressOf("shop"), ["--admin", "127.0.0.1:0"]);
  const address = await adminLog(gateway);
  for (let count = 0; count < 3; count++) expect((await askHttp1(`${gateway.url}/v1/prod/${count + 1}`)).status).toBe(200);
  const { channel } = (await curl(address, "GetTopChannels")) as { channel: { data: { target: string; callsSucceeded?: string } }[] };
  expect(channel.every(({ data }) => data.target === addressOf("shop"))).toBe(true);
  expect(channel.map(({ data }) => data.callsSucceeded)).toContain("3");
  await checkHealth(address);
});

test("the start command shows the servers of the shop, and the channels of its REST gateway and its console", async () => {
  await using folder = await Folder.make();
  await using shop = await startShop(folder.path, ["--admin", "0"]);
  const address = await adminRow(shop);
  const { server } = (await curl(address, "GetServers")) as { server: object[] };
  // Plaintext, mutual TLS, and the listener for operators.
  expect(server).toHaveLength(3);
  const { channel } = (await curl(address, "GetTopChannels")) as { channel: { data: { state: { state: string } } }[] };
  expect(channel.map(({ data }) => data.state.state)).toEqual(["READY", "READY"]);
});

test.each([
  ["server", [serverMain, "serve", "chat", "--port", "0"]],
  ["gateway", [gatewayMain, "--listen", "127.0.0.1:0", "--upstream", addressOf("shop")]],
])("the %s ends with one line if the address is in use", async (_, args) => {
  await using blocker = await listenTcp(() => {});
  const { status, stderr } = await run(process.execPath, [...args, "--admin", `127.0.0.1:${blocker.port}`]);
  const errors = stderr.split("\n").filter((line) => line.startsWith("error:"));
  expect({ status, errors }).toEqual({
    status: 1,
    errors: [`error: --admin: cannot listen on 127.0.0.1:${blocker.port}: the address is already in use`],
  });
});
