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

/** Says something in a room, and prints its position. If nothing listens at the address, it fails at once. */
export async function say(context: Context, saying: Saying): Promise<void> {
  await context.print(
    SayResponseSchema,
    await sayUntilStored(context, saying, 10_000, (error) => error.message.startsWith("cannot connect to ")),
  );
}

/**
 * Repeats the call until the server confirms it, or until `giveUpMs` or `--timeout` have passed. It has
 * an id, so that the room has the message once.
 *
 * @param isFinal says whether the first attempt is the only one, by its error
 */
export async function sayUntilStored(
  { connect, signal, timeoutMs = Number.POSITIVE_INFINITY }: Context,
  saying: Saying,
  giveUpMs: number,
  isFinal: (error: RpcError) => boolean = () => false,
): Promise<SayResponse> {
  const request = { id: randomUUID(), ...saying };
  const end = performance.now() + Math.min(giveUpMs, timeoutMs);
  for (let first = true; ; first = false) {
    try {
      return await connect(Rooms).say(request, { signal, timeoutMs: Math.min(attemptMs, end - performance.now()) });
    } catch (error) {
      const problem = RpcError.from(error);
      const again = problem.code === Code.UNAVAILABLE || problem.code === Code.DEADLINE_EXCEEDED;
      if (!again || signal.aborted || performance.now() + pauseMs >= end || (first && isFinal(problem))) throw error;
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
export async function members({ connect, print }: Context, room: string, json: boolean): Promise<void> {
  const response = await connect(Rooms).members({ room });
  if (json || response.users.length > 0) await print(MembersResponseSchema, response, response.users.join("\n"));
}

/** A text of several lines must not look like several messages. */
export function formatMessage({ user, text }: ChatMessage): string {
  return `${user}: ${text.replaceAll(/\r?\n|\r/g, "\n  ")}`;
}
