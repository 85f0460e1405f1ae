// The metadata of a request: the header fields that do not belong to HTTP or to the protocol.
import type { HeaderList } from "@grpc-study/http2";
import { isRequestMetadata } from "../../../protocol/fields.ts";
import { Metadata } from "../../../protocol/metadata.ts";

/** Returns a new object each time, because the call may change it. */
export function requestMetadata({ flat, regularStart }: HeaderList): Metadata {
  const metadata = new Metadata();
  for (let i = regularStart; i < flat.length; i += 2) {
    const name = flat[i] as string;
    if (isRequestMetadata(name)) metadata.receive(name, flat[i + 1] as string);
  }
  return metadata;
}
