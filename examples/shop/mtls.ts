// The shop server over mutual TLS: the one that http.ts calls.
// `npx -y pnpm@12 certs` makes the files in certs/.
// Run it from the root of the repository: node examples/shop/mtls.ts
import { OrderService, ProdService } from "@grpc-study/proto/shop";
import { createServer, implement } from "@grpc-study/rpc";
import { validate } from "@grpc-study/rpc/validate";

const prodService = implement(ProdService, {
  // An enum is a number: A is 0, B is 1, C is 2.
  getProdStock: ({ prodArea }) => ({ prodStock: [114514, 721, 666][prodArea] ?? 0 }),
  getProdStocks: () => ({ productes: [114514, 10086, 721, 666].map((prodStock) => ({ prodStock })) }),
  getProdInfo: ({ prodId }) => ({ prodId, prodName: `product ${prodId}`, prodPrice: 20.5 }),
});

const orderService = implement(OrderService, { newOrder: () => ({ status: "OK", message: "success" }) });

// validate() checks each request by the rules in the .proto files, and answers INVALID_ARGUMENT.
const server = createServer({ interceptors: [validate()] });
server.add(prodService, orderService);

// Go's Certificates and ClientCAs: a client needs a certificate of this CA to connect.
const { address } = await server.listen(process.argv[2] ?? "localhost:10086", {
  cert: "certs/server.pem",
  key: "certs/server.key",
  clientCa: "certs/ca.pem",
});

// Ctrl-C: running calls have ten seconds to finish. A second Ctrl-C ends the process at once.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => server.shutdown());
console.log(`server listening at ${address}`);
