// `start shop` on hosts that no client can dial, and with certificates for other names: the shop's
// gateway still reaches its server.
import { expect, test } from "vitest";
import { Folder, writeSet } from "../security/certificates.ts";
import { startShop } from "./gateways.ts";
import { askHttp1 } from "./http.ts";

const hosts = ["0.0.0.0", "::", "127.0.0.1", "::1", "localhost"];
const securities = ["plain", "tls", "mtls", "token", "token+tls"];

test.each(
  hosts
    .flatMap((host, index) => securities.map((security) => ({ host, security, index })))
    .filter(({ host, security, index }) => {
      // All --security values on the wildcard hosts; one value on each of the others.
      return host === "0.0.0.0" || host === "::" || securities[index] === security;
    }),
)("on $host with --security $security, GET / and GET /v1/prod/998 succeed", { timeout: 60_000 }, async ({ host, security }) => {
  await using certs = await Folder.make();
  await writeSet(certs);
  const users = await certs.write("users.json", JSON.stringify([{ user: "mei", token: "m" }]));
  await using shop = await startShop(certs.path, ["--host", host, "--security", security, "--users", users]);
  const url = shop.url.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]");
  const headers = { "grpc-metadata-user": "mei", "grpc-metadata-token": "m" };
  expect(await askHttp1(`${url}/v1/prod/998?prod_area=B`, { headers })).toMatchObject({ status: 200, body: '{"prod_stock":721}' });
  // The console is served on loopback.
  const location = host === "0.0.0.0" || host === "::" ? "/docs" : "console/";
  expect(await askHttp1(url)).toMatchObject({ status: 302, headers: { location } });
});

test("a custom certificate may be for another name", { timeout: 60_000 }, async () => {
  await using certs = await Folder.make();
  const authority = await writeSet(certs);
  const own = await certs.writeIdentity("own", authority.issue({ sans: ["shop.example"] }));
  const args = ["--security", "tls", "--tls-cert", own.cert, "--tls-key", own.key, "--tls-ca", certs.file("ca.pem")];
  await using shop = await startShop(certs.path, args);
  expect(await askHttp1(`${shop.url}/v1/prod/998`)).toMatchObject({ status: 200 });
});

test("the start fails with a one-line reason if the gateway does not trust the certificate", { timeout: 60_000 }, async () => {
  await using certs = await Folder.make();
  await using otherCerts = await Folder.make();
  await writeSet(certs);
  const otherAuthority = await writeSet(otherCerts);
  const own = await certs.writeIdentity("own", otherAuthority.issue());
  const start = startShop(certs.path, ["--security", "tls", "--tls-cert", own.cert, "--tls-key", own.key]);
  await expect(start).rejects.toThrow(
    /\berror: topic shop: the gateway cannot reach it: .*not signed by an authority that this client trusts\n/,
  );
});
