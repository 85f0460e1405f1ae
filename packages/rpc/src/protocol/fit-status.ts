// Shortens the status of an error until it fits into a header that every peer accepts.
import { detailsKey, metadataBytes } from "./metadata-rules.ts";
import { percentEncode } from "./percent-encode.ts";
import type { Status } from "./status.ts";

/**
 * The maximum size of the header list of a status in bytes, as RFC 9113, section 6.5.2 counts it:
 * names, values, and 32 bytes for each field. It is the default of grpc-java, the smallest of all.
 * A peer may answer a larger list by closing the connection with all its calls.
 */
const maxBytes = 8 * 1024;

/**
 * Reserved for the other fields: `:status`, `content-type`, `grpc-status` and
 * `grpc-accept-encoding`.
 */
const otherBytes = 256;

/** The message keeps at least this size, whatever the size of the metadata. */
const leastMessageBytes = 1024;

const fieldBytes = 32;
const shortened = "… (shortened)";

/**
 * Returns the status as it is sent. If its header list is larger than 8 KiB, the details are left
 * out. If it is still too large, the message is cut at a code point and ends with "… (shortened)".
 * Other metadata does not change.
 */
export function fitStatus(status: Status): Status {
  const { code, message, metadata, cause } = status;
  const total = metadata === undefined ? 0 : metadataBytes(metadata);
  // Percent-encoding takes at most nine bytes for a UTF-16 code unit.
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

/** Returns the longest prefix that takes at most `room` bytes when it is percent-encoded. */
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
