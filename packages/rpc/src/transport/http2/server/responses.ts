// Sends headers and statuses.
import type { HeaderList, Stream } from "@grpc-study/http2";
import type { Compression } from "../../../protocol/compression.ts";
import type { Metadata } from "../../../protocol/metadata.ts";
import type { Status } from "../../../protocol/status.ts";
import { prefixOf, writeMessage } from "../write-message.ts";
import { headerList, okTrailers, plainHeader, trailersList, trailersOnlyList, withoutMetadata } from "./response-lists.ts";

/** Returns the header list of a response, or a message that says why there is none. */
export function headerOf(stream: Stream, metadata: Metadata | undefined, compression: Compression): HeaderList | string {
  const limit = stream.connection.remoteSettings.maxHeaderListSize;
  try {
    const list = headerList(metadata, compression);
    return list.size <= limit ? list : tooLarge(limit);
  } catch {
    return malformed;
  }
}

// Metadata is checked when it is created, so only unchecked JavaScript gets here.
const malformed = "the response's metadata is malformed";

function tooLarge(limit: number): string {
  return `the response's metadata is larger than the client accepts, ${limit} bytes`;
}

/**
 * Ends a response with its only message, if there is one, and a status. An undefined status is OK.
 */
export function endResponse(stream: Stream, headerSent: boolean, status: Status | undefined, response: Buffer | undefined): void {
  if (headerSent) {
    if (response !== undefined) writeMessage(stream, response, false, false);
    stream.sendTrailers(status === undefined ? okTrailers : fitting(stream, status, trailersList));
    return;
  }
  if (status !== undefined && status.code !== 0) {
    stream.respond(fitting(stream, status, trailersOnlyList));
    return;
  }
  const trailers = status === undefined ? okTrailers : fitting(stream, status, trailersList);
  if (response === undefined) stream.respond(plainHeader, undefined, trailers);
  else stream.respond(plainHeader, response, trailers, prefixOf(response, false));
}

/**
 * Returns the header list of a status. Leaves out metadata that is too large or malformed, which
 * would prevent the whole response.
 */
function fitting(stream: Stream, status: Status, make: (status: Status) => HeaderList): HeaderList {
  const limit = stream.connection.remoteSettings.maxHeaderListSize;
  let why = malformed;
  try {
    const list = make(status);
    if (list.size <= limit) return list;
    why = tooLarge(limit);
  } catch {
    // Sends the status without the malformed metadata.
  }
  return make(withoutMetadata(status, why));
}
