// The metadata of a request: what its header list has beside the fields of HTTP and of the protocol.
import type { HeaderList } from "@grpc-study/http2";
import { Metadata } from "../../../protocol/metadata.ts";
import { isReserved } from "../../../protocol/metadata-rules.ts";

/** Fields of the protocol that say something to a handler, too: what tracing hands on, and which attempt of a call it is (gRFC A6). */
const shown = new Set(["grpc-trace-bin", "grpc-tags-bin", "grpc-previous-rpc-attempts"]);

/** A new object each time: it is the call's own. */
export function requestMetadata({ flat, regularStart }: HeaderList): Metadata {
  const metadata = new Metadata();
  for (let i = regularStart; i < flat.length; i += 2) {
    const name = flat[i] as string;
    if (name === "accept-encoding" || (isReserved(name) && !shown.has(name))) continue;
    metadata.receive(name, flat[i + 1] as string);
  }
  return metadata;
}
