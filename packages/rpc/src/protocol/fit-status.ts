// Shortens the status of an error until it fits into a header that every peer takes.
import { detailsKey, metadataBytes } from "./metadata-rules.ts";
import { percentEncode } from "./percent-encode.ts";
import type { Status } from "./status.ts";

/**
 * The most bytes of the header list that a status makes, as RFC 9113, section 6.5.2, counts them: names, values and 32 bytes a field. It is what
 * grpc-java takes unless told, and the least of all. A peer may answer more by closing the connection, with all other calls on it.
 */
const maxBytes = 8 * 1024;

/** For the fields beside message, details and metadata: `:status`, `content-type`, `grpc-status` and `grpc-accept-encoding`. */
const otherBytes = 256;

/** What is left to the message, whatever the metadata takes. */
const leastMessageBytes = 1024;

const fieldBytes = 32;
const shortened = "… (shortened)";

/**
 * The status as it is sent. If it is longer than 8 KiB with its metadata, the details are left out; if it is still longer, the message is cut at a
 * code point and ends with "… (shortened)". Metadata is left as it is.
 */
export function fitStatus(status: Status): Status {
  const { code, message, metadata, cause } = status;
  const total = metadata === undefined ? 0 : metadataBytes(metadata);
  // At most nine bytes for a UTF-16 unit.
  if (message.length * 9 + total < maxBytes / 2) return status;
  const bytes = percentEncode(message).length;
  if (bytes <= roomBeside(total)) return status;
  const rest = metadata?.clone();
  rest?.delete(detailsKey);
  const room = Math.max(roomBeside(rest === undefined ? 0 : metadataBytes(rest)), leastMessageBytes);
  if (bytes <= room) return { code, message, metadata: rest, cause };
  return { code, message: cut(message, room - percentEncode(shortened).length) + shortened, metadata: rest, cause };
}

function roomBeside(metadataBytes: number): number {
  return maxBytes - otherBytes - fieldBytes - "grpc-message".length - metadataBytes;
}

/** As many code points as come to `room` bytes when they are percent-encoded. */
function cut(message: string, room: number): string {
  let end = 0;
  let bytes = 0;
  for (const point of message) {
    bytes += percentEncode(point).length;
    if (bytes > room) break;
    end += point.length;
  }
  return message.slice(0, end);
}
