// services.UserService: the scores of users, by each of the four call kinds.
import { type UserInfo, UserService } from "@grpc-study/proto/shop";
import { implement } from "@grpc-study/rpc";

export const userService = () =>
  implement(UserService, {
    getUserScore: ({ users }) => ({ users: users.map(withScore) }),

    *getUserScoreByServerStream({ users }) {
      for (let start = 0; start < users.length; start += 2) {
        yield { users: users.slice(start, start + 2).map(withScore) };
      }
    },

    async getUserScoreByClientStream(requests) {
      const scored = [];
      for await (const { users } of requests) for (const user of users) scored.push(withScore(user));
      return { users: scored };
    },

    async *getUserScoreByDoubleEndStream(requests) {
      for await (const { users } of requests) yield { users: users.map(withScore) };
    },
  });

function withScore({ userId }: UserInfo) {
  return { userId, userScore: scoreOf(userId) };
}

/** Returns the score of a user in [0, 100): the same in each call. */
function scoreOf(userId: number): number {
  // Multiplicative hashing, so that the scores of neighbouring ids differ. `>>> 0` makes the
  // product unsigned.
  return (Math.imul(userId, 0x9e3779b1) >>> 0) % 100;
}
