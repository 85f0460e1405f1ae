// services.UserService: the scores of users, by each of the four call kinds.
import { type UserInfo, UserService } from "@grpc-study/proto/shop";
import { implement } from "@grpc-study/rpc";
import type { StoreSource } from "../data/store-source.ts";

export const userService = (source: StoreSource) => {
  /** Returns the users in order, each with a score. */
  const scored = (asked: readonly UserInfo[], call: { readonly signal: AbortSignal }) =>
    source.use(call, async ({ users }, options) => {
      const ids = asked.map(({ userId }) => userId);
      const scores = await users.scores(ids, options);
      return ids.map((userId, index) => ({ userId, userScore: scores[index] ?? 0 }));
    });

  return implement(UserService, {
    getUserScore: async ({ users }, call) => ({ users: await scored(users, call) }),

    async *getUserScoreByServerStream({ users }, call) {
      const all = await scored(users, call);
      for (let start = 0; start < all.length; start += 2) yield { users: all.slice(start, start + 2) };
    },

    async getUserScoreByClientStream(requests, call) {
      const all = [];
      for await (const { users } of requests) all.push(...(await scored(users, call)));
      return { users: all };
    },

    async *getUserScoreByDoubleEndStream(requests, call) {
      for await (const { users } of requests) yield { users: await scored(users, call) };
    },
  });
};
