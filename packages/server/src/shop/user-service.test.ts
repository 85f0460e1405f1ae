import { type UserScoreResponse, UserService } from "@grpc-study/proto/shop";
import { type Client, Code, createClient } from "@grpc-study/rpc";
import { expect, test } from "vitest";
import { memoryStore } from "../../test/memory-store.ts";
import { serveServices } from "../../test/serve-services.ts";
import { userService } from "./user-service.ts";

const users = (...ids: readonly number[]) => ({ users: ids.map((userId) => ({ userId })) });
const ids = ({ users }: UserScoreResponse) => users.map(({ userId }) => userId);
const scores = ({ users }: UserScoreResponse) => users.map(({ userScore }) => userScore);

test("users are returned in order, each with a score from 0 to 99", async () => {
  const client = createClient(UserService, await serveServices(userService(memoryStore)));
  const some = [5, 1, 5, 2 ** 31 - 1, ...Array.from({ length: 996 }, (_, n) => (n + 1) * 7919)];
  const response = await client.getUserScore(users(...some));
  expect(ids(response)).toEqual(some);
  for (const score of scores(response)) {
    expect(score).toBeGreaterThanOrEqual(0);
    expect(score).toBeLessThan(100);
  }
  expect(new Set(scores(response)).size, "not everybody has the same").toBeGreaterThan(50);
});

test("the server stream has batches of two", async () => {
  const client = createClient(UserService, await serveServices(userService(memoryStore)));
  expect(await Array.fromAsync(client.getUserScoreByServerStream(users(1, 2, 3, 4, 5)), ids)).toEqual([[1, 2], [3, 4], [5]]);
  expect(await Array.fromAsync(client.getUserScoreByServerStream(users(1, 2)), ids)).toEqual([[1, 2]]);
  expect(await Array.fromAsync(client.getUserScoreByServerStream(users()), ids)).toEqual([]);
});

test("the response to a client stream has the users of all requests", async () => {
  const client = createClient(UserService, await serveServices(userService(memoryStore)));
  expect(ids(await client.getUserScoreByClientStream([users(1, 2), users(), users(3)]))).toEqual([1, 2, 3]);
});

test("the double-end stream answers each request with its users only, before the next request", async () => {
  const client = createClient(UserService, await serveServices(userService(memoryStore)));
  const call = client.getUserScoreByDoubleEndStream();
  for (const some of [[1, 2, 3], [], [4, 5]]) {
    await call.send(users(...some));
    const response = await call.recv();
    expect(response && ids(response)).toEqual(some);
  }
  call.closeSend();
  expect(await call.recv()).toBeUndefined();
});

test("a user has the same score in each kind of call, whatever the score in the request", async () => {
  const client = createClient(UserService, await serveServices(userService(memoryStore)));
  const request = { users: [{ userId: 7, userScore: 1000 }, { userId: 8 }] };
  const expected = scores(await client.getUserScore(request));
  expect((await Array.fromAsync(client.getUserScoreByServerStream(request), scores)).flat()).toEqual(expected);
  expect(scores(await client.getUserScoreByClientStream([request]))).toEqual(expected);
  expect((await Array.fromAsync(client.getUserScoreByDoubleEndStream([request]), scores)).flat()).toEqual(expected);
});

const ask = {
  getUserScore: (client, some) => client.getUserScore(some),
  getUserScoreByServerStream: (client, some) => Array.fromAsync(client.getUserScoreByServerStream(some)),
  getUserScoreByClientStream: (client, some) => client.getUserScoreByClientStream([users(1), some]),
  getUserScoreByDoubleEndStream: (client, some) => Array.fromAsync(client.getUserScoreByDoubleEndStream([users(1), some])),
} satisfies Record<string, (client: Client<typeof UserService>, some: ReturnType<typeof users>) => Promise<unknown>>;

test.each(Object.keys(ask) as (keyof typeof ask)[])(
  "%s: a user whose id is not positive, and more than 1,000 users, are INVALID_ARGUMENT",
  async (method) => {
    const client = createClient(UserService, await serveServices(userService(memoryStore)));
    await expect(ask[method](client, users(1, 0, -1))).rejects.toMatchObject({
      code: Code.INVALID_ARGUMENT,
      message: "users[1].user_id must be greater than 0, is 0; users[2].user_id must be greater than 0, is -1",
    });
    await expect(ask[method](client, users(...new Array(1001).fill(1)))).rejects.toMatchObject({
      code: Code.INVALID_ARGUMENT,
      message: "users must contain no more than 1000 items, has 1001",
    });
    await ask[method](client, users(...new Array(1000).fill(1)));
  },
);
