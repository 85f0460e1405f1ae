// The shop over HTTP, as the tutorial's httpserver.go: a gateway that calls mtls.ts.
// `npx -y pnpm@12 certs` makes the files in certs/.
// Run it beside mtls.ts, from the root of the repository: node examples/shop/http.ts, then
//   curl 'localhost:9468/v1/prod/998?prod_area=B'
import { createGateway } from "@grpc-study/gateway";
import { OrderService, ProdService } from "@grpc-study/proto/shop";
import { createChannel } from "@grpc-study/rpc";

const [port = "9468", upstream = "localhost:10086"] = process.argv.slice(2);

// The gateway is a client of the shop: it shows its own certificate and verifies the server's.
const channel = createChannel(upstream, {
  tls: { ca: "certs/ca.pem", cert: "certs/client.pem", key: "certs/client.key" },
});

// The paths come from the google.api.http rules in the .proto files: there is no code to generate.
const gateway = createGateway({
  services: [ProdService, OrderService],
  upstream: channel,
  json: { fieldNames: "proto" }, // prod_stock, as in Go; the default is prodStock
});
const { url } = await gateway.listen(`localhost:${port}`);

// Ctrl-C: running requests have ten seconds to finish. A second Ctrl-C ends the process at once.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => gateway.close());
console.log(`serving HTTP at ${url}`);
