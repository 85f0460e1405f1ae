// The shop server: products, orders and users' scores, over plaintext. mtls.ts adds certificates.
// Run it from the root of the repository: node examples/shop/server.ts
import { OrderService, ProdService, type UserInfo, UserService } from "@grpc-study/proto/shop";
import { createServer, implement } from "@grpc-study/rpc";
import { validate } from "@grpc-study/rpc/validate";

const prodService = implement(ProdService, {
  // An enum is a number: A is 0, B is 1, C is 2.
  getProdStock: ({ prodArea }) => ({ prodStock: [114514, 721, 666][prodArea] ?? 0 }),
  getProdStocks: () => ({ productes: [114514, 10086, 721, 666].map((prodStock) => ({ prodStock })) }),
  getProdInfo: ({ prodId }) => ({ prodId, prodName: `product ${prodId}`, prodPrice: 20.5 }),
});

const orderService = implement(OrderService, { newOrder: () => ({ status: "OK", message: "success" }) });

const withScore = ({ userId }: UserInfo) => ({ userId, userScore: (userId * 61) % 100 });

const userService = implement(UserService, {
  getUserScore: ({ users }) => ({ users: users.map(withScore) }),
  *getUserScoreByServerStream({ users }) {
    for (let i = 0; i < users.length; i += 2) yield { users: users.slice(i, i + 2).map(withScore) };
  },
  async getUserScoreByClientStream(requests) {
    const scored = [];
    for await (const { users } of requests) scored.push(...users.map(withScore));
    return { users: scored };
  },
  async *getUserScoreByDoubleEndStream(requests) {
    for await (const { users } of requests) yield { users: users.map(withScore) };
  },
});

// validate() checks each request by the rules in the .proto files, and answers INVALID_ARGUMENT.
export const server = createServer({ interceptors: [validate()] });
server.add(prodService, orderService, userService);

// As a program it listens. A test that imports this file calls the server without a socket.
if (import.meta.main !== false) {
  const { address } = await server.listen(process.argv[2] ?? "localhost:8083");
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => server.shutdown());
  console.log(`server listening at ${address}`);
}
