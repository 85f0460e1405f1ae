// The scores of users, by each of the four call kinds.
import { UserInfoSchema, type UserScoreResponse, UserScoreResponseSchema, UserService } from "@grpc-study/proto/shop";
import { goSlice } from "../go-text.ts";
import type { Context } from "../topic.ts";

/** Asks for the scores of users 1 to `users`. A client that streams sends `batches` requests. */
type Ask = (context: Context, users: number, batches: number) => Promise<void>;

export const scores = {
  unary: async (context, users) => {
    const client = context.connect(UserService);
    await printScores(context, await client.getUserScore(request(users)));
  },

  server: async (context, users) => {
    const client = context.connect(UserService);
    for await (const response of client.getUserScoreByServerStream(request(users))) {
      await printScores(context, response);
    }
  },

  client: async (context, users, batches) => {
    const stream = context.connect(UserService).getUserScoreByClientStream();
    for (let batch = 0; batch < batches; batch++) {
      await stream.send(request(users));
    }
    await printScores(context, await stream.closeAndRecv());
  },

  double: async (context, users, batches) => {
    const stream = context.connect(UserService).getUserScoreByDoubleEndStream();
    for (let batch = 0; batch < batches; batch++) {
      await stream.send(request(users));
      const response = await stream.recv();
      if (response === undefined) break;
      await printScores(context, response);
    }
    stream.closeSend();
    await stream.recv();
  },
} satisfies Record<string, Ask>;

/** Asks for users 1 to `users`. */
function request(users: number): { users: { userId: number }[] } {
  return { users: Array.from({ length: users }, (_, index) => ({ userId: index + 1 })) };
}

async function printScores({ print }: Context, response: UserScoreResponse): Promise<void> {
  await print(UserScoreResponseSchema, response, goSlice(UserInfoSchema, response.users));
}
