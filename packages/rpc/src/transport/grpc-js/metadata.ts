// Metadata of this package as metadata of grpc-js, both ways.
import { Metadata as GrpcMetadata } from "@grpc/grpc-js";
import { Metadata } from "../../protocol/metadata.ts";
import { detailsKey, isReserved } from "../../protocol/metadata-rules.ts";

/** Copies metadata into metadata of grpc-js. Throws what grpc-js throws for a key that it refuses. */
export function toGrpcJs(metadata: Metadata): GrpcMetadata {
  const copy = new GrpcMetadata();
  for (const [key, value] of metadata) copy.add(key, value);
  return copy;
}

/**
 * Copies metadata of grpc-js. The fields of HTTP and of the protocol, which grpc-js keeps among received metadata, are left out, except
 * `grpc-status-details-bin`. Text stays as it came, also text that this package would not send.
 */
export function fromGrpcJs(metadata: GrpcMetadata): Metadata {
  return copyOf(metadata, (key) => key === detailsKey || !(isReserved(key) || key === "date"));
}

/** The same with every field. */
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
