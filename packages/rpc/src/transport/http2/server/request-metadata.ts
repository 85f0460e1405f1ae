// The metadata of a request: what its header list has beside the fields of HTTP and of the protocol.
import type { HeaderList } from "@grpc-study/http2";
import { isRequestMetadata } from "../../../protocol/fields.ts";
import { Metadata } from "../../../protocol/metadata.ts";

/** A new object each time: it is the call's own. */
export function requestMetadata({ flat, regularStart }: HeaderList): Metadata {
  const metadata = new Metadata();
  for (let i = regularStart; i < flat.length; i += 2) {
    const name = flat[i] as string;
    if (isRequestMetadata(name)) metadata.receive(name, flat[i + 1] as string);
  }
  return metadata;
}
