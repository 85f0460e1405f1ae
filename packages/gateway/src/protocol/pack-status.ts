// The value of `grpc-status-details-bin`.
import { toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import type { RpcError } from "@grpc-study/rpc";

/** A google.rpc.Status in base64 without padding. */
export function packStatus({ code, message, details }: RpcError): string {
  const writer = new BinaryWriter().tag(1, WireType.Varint).int32(code).tag(2, WireType.LengthDelimited).string(message.toWellFormed());
  for (const detail of details) writer.tag(3, WireType.LengthDelimited).bytes(toBinary(AnySchema, detail));
  return Buffer.from(writer.finish()).toString("base64").replace(/=+$/, "");
}
