// Tests the HTTP contract of the shop through `pnpm start` and through the gateway command. Both
// call the shop over mutual TLS. Clients use HTTP/1.1 and HTTP/2, in plaintext and over TLS.
import { once } from "node:events";
import { connect } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ShopAnswer, type ShopRequest, shopRequests } from "../contract/shop-http.ts";
import { Process } from "../harness/process.ts";
import { Authority, Folder, writeSet } from "../security/certificates.ts";
import { addressOf, type GatewayProcess, startGateway, startShop } from "./gateways.ts";
import { type Ask, askHttp1, askHttp2, type ClientIdentity, exchange } from "./http.ts";

/** Disposed after the tests of this file. */
const started = new AsyncDisposableStack();

let authority: Authority;
let certs: Folder;
let shop: GatewayProcess;
let command: GatewayProcess;
let secure: GatewayProcess;
let mutual: GatewayProcess;
let anonymous: ClientIdentity;
let identified: ClientIdentity;

beforeAll(async () => {
  certs = started.use(await Folder.make());
  authority = await writeSet(certs);
  shop = started.use(await startShop(certs.path));
  const upstream = addressOf(shop, "mutual TLS");
  const ca = certs.file("ca.pem");
  const toShop = ["--field-names", "proto", "--ca", ca, "--cert", certs.file("client.pem"), "--key", certs.file("client.key")];
  const https = [...toShop, "--tls-cert", certs.file("server.pem"), "--tls-key", certs.file("server.key")];
  const all = await Promise.all([
    startGateway(upstream, toShop),
    startGateway(upstream, https, { listen: "localhost:0" }),
    startGateway(upstream, [...https, "--tls-ca", ca], { listen: "localhost:0" }),
  ]);
  for (const gateway of all) started.use(gateway);
  [command, secure, mutual] = all;
  anonymous = { ca: authority.cert };
  identified = { ...anonymous, ...authority.issue({ for: "client" }) };
});

afterAll(() => started.disposeAsync());

async function answerOf(
  ask: Ask,
  url: string,
  { path, method, headers, body }: ShopRequest,
  identity?: ClientIdentity,
): Promise<ShopAnswer> {
  const question = { method, ...(headers && { headers }), ...(body !== undefined && { body }) };
  const { status, headers: answered, body: text } = await ask(url + path, question, identity);
  return { status, body: text, contentType: answered["content-type"], allow: answered["allow"] } as ShopAnswer;
}

const ways: readonly (readonly [name: string, ask: Ask, url: () => string, identity?: () => ClientIdentity])[] = [
  ["pnpm start, over HTTP/1.1", askHttp1, () => shop.url],
  ["pnpm start, over HTTP/2", askHttp2, () => shop.url],
  ["the command, over HTTP/1.1", askHttp1, () => command.url],
  ["the command, over HTTP/2", askHttp2, () => command.url],
  ["the command, over HTTPS and HTTP/1.1", askHttp1, () => secure.url, () => anonymous],
  ["the command, over HTTPS and HTTP/2", askHttp2, () => secure.url, () => anonymous],
  ["the command, over HTTPS with a client certificate and HTTP/1.1", askHttp1, () => mutual.url, () => identified],
  ["the command, over HTTPS with a client certificate and HTTP/2", askHttp2, () => mutual.url, () => identified],
];

describe("every way to reach the shop gives the same response to", () => {
  test.each(shopRequests)("$title", async (request) => {
    const asked = request.tutorialOnly ? ways.filter(([name]) => name.startsWith("pnpm start")) : ways;
    const answers = asked.map(async ([name, ask, url, identity]) => [name, await answerOf(ask, url(), request, identity?.())] as const);
    expect(Object.fromEntries(await Promise.all(answers))).toEqual(Object.fromEntries(asked.map(([name]) => [name, request.answer])));
  });
});

describe("HTTPS", () => {
  test.each([
    [["h2", "http/1.1"], "h2"],
    [["http/1.1"], "http/1.1"],
    [["http/1.1", "h2"], "h2"],
  ])("ALPN with %o selects %s", async (ALPNProtocols, chosen) => {
    const socket = connect({ port: secure.port, host: "localhost", ca: authority.cert, ALPNProtocols });
    await once(socket, "secureConnect");
    expect(socket.alpnProtocol).toBe(chosen);
    socket.destroy();
  });

  test("serves HTTP/1.1 to a client without ALPN", async () => {
    const socket = connect({ port: secure.port, host: "localhost", ca: authority.cert });
    expect(await exchange(socket, "GET /v1/prod/998 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")).toMatch(
      /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n\{"prod_stock":114514\}$/,
    );
  });

  test("sends Strict-Transport-Security", async () => {
    const { headers } = await askHttp1(`${secure.url}/v1/prod/998`, {}, anonymous);
    expect(headers["strict-transport-security"]).toMatch(/^max-age=\d{8}/);
  });

  test.each([
    ["without a certificate", () => anonymous],
    ["with a certificate of another authority", () => ({ ...anonymous, ...new Authority().issue({ for: "client" }) })],
    ["with a certificate that has expired", () => ({ ...anonymous, ...authority.issue({ for: "client", to: -60 }) })],
    ["with a server's certificate", () => ({ ...anonymous, ...authority.issue({ for: "server" }) })],
  ])("with --tls-ca, a client %s gets no response", async (_which, identity) => {
    await expect(askHttp1(`${mutual.url}/v1/prod/998`, {}, identity())).rejects.toThrow();
    await expect(askHttp2(`${mutual.url}/v1/prod/998`, {}, identity())).rejects.toThrow();
  });

  test("a plaintext request gets no response", async () => {
    await expect(askHttp1(`${secure.url.replace("https", "http")}/v1/prod/998`)).rejects.toThrow();
  });
});

test("orders are one resource, pages of a filter, and a watch, each over HTTP", async () => {
  const place = (id: number) => {
    const body = JSON.stringify({ order_id: id, order_no: `history/${id}`, user_id: 4242, order_money: 2.5 });
    return askHttp2(`${secure.url}/v1/orders`, { method: "POST", headers: { "content-type": "application/json" }, body }, anonymous);
  };
  const read = async (path: string) => JSON.parse((await askHttp1(`${command.url}/v1/history${path}`)).body);
  for (const id of [1, 2, 3]) expect(await place(id)).toMatchObject({ status: 200 });
  const orderOf = (id: number) => ({
    order: { order_id: id, order_no: `history/${id}`, user_id: 4242, order_money: 2.5 },
    position: expect.stringMatching(/^\d+$/),
    place_time: expect.stringMatching(/Z$/),
  });
  expect(await read("/history%2F2")).toEqual(orderOf(2));
  const query = `filter=${encodeURIComponent("user_id = 4242 AND order_id > 1")}`;
  const first = await read(`?page_size=1&${query}`);
  expect(first).toEqual({ orders: [orderOf(2)], next_page_token: expect.stringMatching(/^[\w-]+$/) });
  expect(await read(`?page_token=${first.next_page_token}&${query}`)).toEqual({ orders: [orderOf(3)] });

  const { position } = first.orders[0];
  const url = `${secure.url}/v1/history:watch?after_position=${position}&${query}`;
  await using curl = new Process("curl", ["-sSN", "--cacert", certs.file("ca.pem"), url]);
  const results = () => curl.stdout.lines.map((line) => JSON.parse(line).result);
  await curl.stdout.line((line) => line.includes("history/3"));
  await place(4);
  await curl.stdout.line((line) => line.includes("history/4"));
  const [three, four] = [3, 4].map((id) => ({ order: orderOf(id), position: orderOf(id).position }));
  expect(results()).toEqual([{ position }, three, four]);
});

test("both gateways are healthy while the shop is healthy", async () => {
  for (const url of [shop.url, command.url]) {
    expect(await askHttp1(`${url}/healthz`)).toMatchObject({ status: 200, body: '{"status":"SERVING"}' });
  }
});

test("the OpenAPI document of `pnpm start` has the shop's comments, and its validation rules as limits", async () => {
  const { status, headers, body } = await askHttp1(`${shop.url}/openapi.json`);
  expect({ status, type: headers["content-type"] }).toEqual({ status: 200, type: "application/json" });
  const positive = { type: "integer", format: "int32", exclusiveMinimum: 0 };
  expect(JSON.parse(body)).toMatchObject({
    openapi: expect.stringMatching(/^3\.1\./),
    info: { title: "The shop" },
    paths: {
      "/v1/prod/{prod_id}": {
        get: {
          description: "Returns the stock of a product in one area.",
          parameters: [
            { name: "prod_id", in: "path", required: true, schema: positive },
            { name: "prod_area", in: "query" },
          ],
        },
      },
      "/v1/orders": { post: { description: "Places an order." } },
      "/v1/history/{order_no}": {
        get: { parameters: [{ name: "order_no", in: "path", required: true, schema: { type: "string", minLength: 1, maxLength: 64 } }] },
      },
      "/v1/history": { get: { parameters: [{ name: "page_size" }, { name: "page_token" }, { name: "filter" }] } },
      "/v1/history:watch": { get: { parameters: [{ name: "after_position" }, { name: "filter" }] } },
    },
    components: {
      schemas: {
        "services.OrderMain": {
          description: "An order.",
          properties: { order_id: positive, user_id: positive, order_no: { type: "string", minLength: 1, maxLength: 64 } },
          required: ["order_id", "order_no", "user_id"],
        },
      },
    },
  });
});

test("the page at /docs loads resources only from the gateway", async () => {
  const page = await askHttp1(`${shop.url}/docs`);
  expect({ status: page.status, type: page.headers["content-type"] }).toEqual({ status: 200, type: "text/html; charset=utf-8" });
  expect(page.headers["content-security-policy"]).toMatch(/^default-src 'none'; script-src 'self';/);
  const references = [...page.body.matchAll(/(?:src|href|data-openapi)="([^"]*)"/g)].map(([, reference = ""]) => reference);
  expect(references).toContain("openapi.json");
  for (const reference of references) {
    const url = new URL(reference, `${shop.url}/docs`);
    expect(url.origin).toBe(shop.url);
    expect(await askHttp1(url.href)).toMatchObject({ status: 200 });
  }
});
