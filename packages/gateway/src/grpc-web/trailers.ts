// The end of a response in gRPC-Web: the trailers, as an envelope in the body
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md, Message framing).
import { Code, type Metadata, type RpcError } from "@grpc-study/rpc";
import { envelope } from "../protocol/envelope.ts";
import { packStatus } from "../protocol/pack-status.ts";
import { metadataValues } from "../protocol/response-metadata.ts";

/** The flag of the envelope with the trailers. */
const trailersFlag = 0x80;

/** Writes the trailers. Without an error, the status is OK. */
export function trailers(metadata: Metadata | undefined, error?: RpcError): Buffer {
  let text = `grpc-status: ${error?.code ?? Code.OK}\r\n`;
  if (error !== undefined) {
    if (error.message !== "") text += `grpc-message: ${percentEncode(error.message)}\r\n`;
    if (error.details.length > 0) text += `grpc-status-details-bin: ${packStatus(error)}\r\n`;
  }
  const values = metadata && metadataValues(metadata);
  for (const key in values) for (const value of values[key] ?? []) text += `${key}: ${value}\r\n`;
  return envelope(trailersFlag, text);
}

/**
 * Encodes the percent sign and every byte outside printable ASCII (PROTOCOL-HTTP2.md,
 * Percent-Encoded), and all spaces if some would be removed as outer white space.
 */
function percentEncode(message: string): string {
  const encoded = message.toWellFormed().replace(/[^ -$&-~]+/g, encodeURIComponent);
  return encoded.startsWith(" ") || encoded.endsWith(" ") ? encoded.replaceAll(" ", "%20") : encoded;
}
