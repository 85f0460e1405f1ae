// Payloads: zeros, of a size that the test case says.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PayloadSchema } from "../gen/grpc/testing/messages_pb.js";

export function zeros(size: number): MessageInitShape<typeof PayloadSchema> {
  return { body: new Uint8Array(size) };
}
