// Messages as they travel: five bytes before each (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
import { create, toBinary } from "@bufbuild/protobuf";
import { AmountSchema, HelloSchema, UsersSchema } from "../../gen/es/bench/bench_pb.js";
import { hello, users } from "./values.ts";

/** Not compressed. */
export function frame(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** How many messages a stream of the bench has. */
export const streamLength = 1000;

export const helloBytes = Buffer.from(toBinary(HelloSchema, create(HelloSchema, hello)));
export const usersBytes = Buffer.from(toBinary(UsersSchema, create(UsersSchema, users)));
export const amountBytes = (count: number) => Buffer.from(toBinary(AmountSchema, create(AmountSchema, { count })));

export const helloFrame = frame(helloBytes);
