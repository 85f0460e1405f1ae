// The shop client: the stock of products, and the scores of users by each kind of stream.
// Run it beside the server: node examples/shop/client.ts
import { ProdAreas, ProdService, type UserInfo, UserService } from "@grpc-study/proto/shop";
import { createChannel, createClient } from "@grpc-study/rpc";

const channel = createChannel(process.argv[2] ?? "localhost:8083");
const prodClient = createClient(ProdService, channel);
const userClient = createClient(UserService, channel);

/** Prints a list of messages as Go's fmt.Println does. */
const print = (users: UserInfo[]) =>
  console.log(`[${users.map(({ userId, userScore }) => `user_id:${userId} user_score:${userScore}`).join(" ")}]`);

try {
  console.log((await prodClient.getProdStock({ prodId: 10086 })).prodStock);
  const { productes } = await prodClient.getProdStocks({ size: 10 });
  console.log(`[${productes.map(({ prodStock }) => `prod_stock:${prodStock}`).join(" ")}]`);
  console.log(`prod_stock:${(await prodClient.getProdStock({ prodId: 2, prodArea: ProdAreas.C })).prodStock}`);

  const request = { users: [1, 2, 3, 4, 5].map((userId) => ({ userId })) };
  // Server streaming: the scores arrive in batches of two.
  for await (const { users } of userClient.getUserScoreByServerStream(request)) print(users);

  // Client streaming: three requests, one response with the scores of all.
  const upload = userClient.getUserScoreByClientStream();
  for (let i = 0; i < 3; i++) await upload.send(request);
  print((await upload.closeAndRecv()).users);

  // Bidirectional: a response for each request.
  const both = userClient.getUserScoreByDoubleEndStream();
  for (let i = 0; i < 3; i++) {
    await both.send(request);
    print((await both.recv())?.users ?? []);
  }
  both.closeSend();
} catch (error) {
  console.error(`the shop failed: ${error}`);
  process.exit(1);
}
