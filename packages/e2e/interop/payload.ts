// Creates a payload of zeros with the given size.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PayloadSchema } from "../gen/grpc/testing/messages_pb.js";

export function zeros(size: number): MessageInitShape<typeof PayloadSchema> {
  return { body: new Uint8Array(size) };
}
