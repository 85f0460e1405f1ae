// Converts metadata between this package and grpc-js.
import { Metadata as GrpcMetadata } from "@grpc/grpc-js";
import { wrongType } from "../../checks.ts";
import { isMetadata, isSentWithRequest } from "../../protocol/fields.ts";
import { Metadata } from "../../protocol/metadata.ts";

/**
 * Copies metadata to grpc-js metadata.
 *
 * @throws TypeError if the value is not Metadata, and what grpc-js throws for a key that it
 * rejects.
 */
export function toGrpcJs(metadata: Metadata): GrpcMetadata {
  if (!(metadata instanceof Metadata)) throw wrongType("the metadata of toGrpcJs()", "Metadata of this package", metadata);
  return intoGrpcJs(metadata, () => true);
}

/** Copies the metadata of a request, without the fields of HTTP and of the protocol. */
export function requestToGrpcJs(metadata: Metadata): GrpcMetadata {
  return intoGrpcJs(metadata, isSentWithRequest);
}

function intoGrpcJs(metadata: Metadata, takes: (key: string) => boolean): GrpcMetadata {
  const copy = new GrpcMetadata();
  for (const [key, value] of metadata) if (takes(key)) copy.add(key, value);
  return copy;
}

/**
 * Copies grpc-js metadata. Leaves out the fields of HTTP and of the protocol, which grpc-js keeps
 * in received metadata, except `grpc-status-details-bin`. Text is kept as it arrived, even if this
 * package would not send it.
 *
 * @throws TypeError if the value is not grpc-js metadata.
 */
export function fromGrpcJs(metadata: GrpcMetadata): Metadata {
  if (typeof metadata?.getMap !== "function") throw wrongType("the metadata of fromGrpcJs()", "Metadata of grpc-js", metadata);
  return copyOf(metadata, isMetadata);
}

/** Copies the fields of grpc-js metadata for which `takes` returns true. Default: every field. */
export function copyOf(metadata: GrpcMetadata, takes: (key: string) => boolean = () => true): Metadata {
  const copy = new Metadata();
  for (const key of Object.keys(metadata.getMap())) {
    if (!takes(key)) continue;
    for (const value of metadata.get(key)) {
      if (typeof value === "string") copy.receive(key, value);
      else copy.add(key, value);
    }
  }
  return copy;
}
