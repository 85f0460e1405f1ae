// The unary calls of the chat rooms.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import {
  type ChatMessage,
  ChatMessageSchema,
  MembersResponseSchema,
  Rooms,
  type SayResponse,
  SayResponseSchema,
} from "@grpc-study/proto/chat";
import { Code, RpcError } from "@grpc-study/rpc";
import type { Context } from "../../topic.ts";

/** Milliseconds for one attempt to say something. */
const attemptMs = 5000;
const pauseMs = 500;

export interface Saying {
  readonly room: string;
  readonly user: string;
  readonly text: string;
  /** Makes repeated calls one. Default: a random UUID. */
  readonly id?: string;
}

/** Says something in a room, and prints its position. */
export async function say(context: Context, saying: Saying): Promise<void> {
  await context.print(SayResponseSchema, await sayUntilStored(context, saying, 10_000));
}

/**
 * Repeats the call until the server confirms it, or until `giveUpMs` have passed. It has an id, so
 * that the room has the message once.
 */
export async function sayUntilStored({ connect, signal }: Context, saying: Saying, giveUpMs: number): Promise<SayResponse> {
  const request = { id: randomUUID(), ...saying };
  const end = performance.now() + giveUpMs;
  for (;;) {
    try {
      return await connect(Rooms).say(request, { timeoutMs: attemptMs });
    } catch (error) {
      const { code } = RpcError.from(error);
      const again = code === Code.UNAVAILABLE || code === Code.DEADLINE_EXCEEDED;
      if (!again || signal.aborted || performance.now() > end) throw error;
      await sleep(pauseMs, undefined, { signal });
    }
  }
}

/** Prints all messages of a room, with their times. */
export async function history({ connect, print }: Context, room: string, pageSize: number): Promise<void> {
  const rooms = connect(Rooms);
  for (let pageToken = ""; ; ) {
    const page = await rooms.history({ room, pageSize, pageToken });
    for (const message of page.messages) {
      const time = message.time === undefined ? "" : timestampDate(message.time).toISOString();
      await print(ChatMessageSchema, message, `${time} ${formatMessage(message)}`);
    }
    pageToken = page.nextPageToken;
    if (pageToken === "") return;
  }
}

/** Prints who is in a room, each on a line. */
export async function members({ connect, print }: Context, room: string): Promise<void> {
  const response = await connect(Rooms).members({ room });
  await print(MembersResponseSchema, response, response.users.join("\n"));
}

/** A text of several lines must not look like several messages. */
export function formatMessage({ user, text }: ChatMessage): string {
  return `${user}: ${text.replaceAll(/\r?\n|\r/g, "\n  ")}`;
}
