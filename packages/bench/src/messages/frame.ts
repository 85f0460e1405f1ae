// Encoded messages with their gRPC prefix of five bytes
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
import { create, toBinary } from "@bufbuild/protobuf";
import { AmountSchema, HelloSchema, UsersSchema } from "../../gen/es/bench/bench_pb.js";
import { hello, users } from "./values.ts";

/** Adds the prefix of an uncompressed message. */
export function frame(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** The number of messages in a stream. */
export const streamLength = 1000;

export const helloBytes = Buffer.from(toBinary(HelloSchema, create(HelloSchema, hello)));
export const usersBytes = Buffer.from(toBinary(UsersSchema, create(UsersSchema, users)));
export const amountBytes = (count: number) => Buffer.from(toBinary(AmountSchema, create(AmountSchema, { count })));

export const helloFrame = frame(helloBytes);
