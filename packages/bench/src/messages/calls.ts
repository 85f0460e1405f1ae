// The encoded calls of the service.
import { Bench } from "../../gen/es/bench/bench_pb.js";
import { amountBytes, frame, helloFrame, streamLength, usersBytes } from "./frame.ts";

export const methodNames = ["Say", "Echo", "Count", "Gather", "Chat"] as const;

export type MethodName = (typeof methodNames)[number];

export const pathOf = (method: MethodName): string => `/${Bench.typeName}/${method}`;

const helloFrames = Buffer.concat(Array.from({ length: streamLength }, () => helloFrame));
const usersFrame = frame(usersBytes);

/** The request bodies of calls with prepared requests. */
export const bodies = {
  Say: helloFrame,
  Echo: usersFrame,
  Count: frame(amountBytes(streamLength)),
  Gather: helloFrames,
} satisfies Partial<Record<MethodName, Buffer>>;

/**
 * The expected responses, byte for byte. All codecs write the fields of these messages in the same
 * order.
 */
export const responses: Readonly<Record<keyof typeof bodies, Buffer>> = {
  Say: helloFrame,
  Echo: usersFrame,
  Count: helloFrames,
  Gather: frame(amountBytes(streamLength)),
};
