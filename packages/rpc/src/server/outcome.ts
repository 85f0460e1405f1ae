// Builds the status that ends a call, from the error of the handler and the trailer.
import { Code } from "../protocol/code.ts";
import { isSent, RpcError, statusFromError } from "../protocol/error.ts";
import { type Metadata, MetadataError } from "../protocol/metadata.ts";
import { metadataBytes, metadataFault, sizeFault } from "../protocol/metadata-rules.ts";
import type { Status } from "../protocol/status.ts";

/**
 * Returns the status, or `undefined` for OK without a trailer.
 *
 * @throws MetadataError if the trailer, or the metadata of the error, cannot be sent.
 */
export function outcome(error: RpcError | undefined, trailer: Metadata | undefined): Status | undefined {
  const sent = error !== undefined && isSent(error) ? error.metadata : undefined;
  const fault =
    (trailer && metadataFault(trailer)) ??
    (sent && metadataFault(sent)) ??
    (trailer && sent && sizeFault(metadataBytes(trailer) + metadataBytes(sent)));
  if (fault !== undefined) throw new MetadataError(fault);
  if (error !== undefined) return statusFromError(error, trailer);
  return trailer && { code: Code.OK, message: "", metadata: trailer };
}

/**
 * Returns the status of an error whose metadata or trailer cannot be sent. It keeps the code,
 * message, details and `retryAfterMs`. It leaves out all metadata, and the message says so.
 */
export function outcomeWithout(error: RpcError, { message: fault }: MetadataError): Status {
  const { code, message, details, retryAfterMs } = error;
  const note = `${message === "" ? "" : `${message} `}(without its metadata: ${fault})`;
  return statusFromError(new RpcError(code, note, { details, retryAfterMs }));
}
