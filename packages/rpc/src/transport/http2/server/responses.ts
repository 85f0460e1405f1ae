// Headers and statuses on their way out.
import type { HeaderList, Stream } from "@grpc-study/http2";
import type { Compression } from "../../../protocol/compression.ts";
import type { Metadata } from "../../../protocol/metadata.ts";
import type { Status } from "../../../protocol/status.ts";
import { isCopied, messageBody, writeMessage } from "../write-message.ts";
import { headerList, okTrailers, plainHeader, trailersList, trailersOnlyList, withoutMetadata } from "./response-lists.ts";

/** The header list of a response, or a sentence that says why there cannot be one. */
export function headerOf(stream: Stream, metadata: Metadata | undefined, compression: Compression): HeaderList | string {
  const limit = stream.connection.remoteSettings.maxHeaderListSize;
  try {
    const list = headerList(metadata, compression);
    return list.size <= limit ? list : tooLarge(limit);
  } catch {
    return malformed;
  }
}

// Metadata is checked when it is made, so this takes a caller in JavaScript.
const malformed = "the response's metadata is malformed";

function tooLarge(limit: number): string {
  return `the response's metadata is larger than the client accepts, ${limit} bytes`;
}

/** Ends a response: with its only message, if there is one, and a status, of which undefined is OK. */
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
  else if (isCopied(response)) stream.respond(plainHeader, messageBody(response, false), trailers);
  else {
    stream.sendHeaders(plainHeader);
    writeMessage(stream, response, false, false);
    stream.sendTrailers(trailers);
  }
}

/** The list of a status that the client accepts. One that is too large, or malformed, would take the whole response along. */
function fitting(stream: Stream, status: Status, make: (status: Status) => HeaderList): HeaderList {
  const limit = stream.connection.remoteSettings.maxHeaderListSize;
  let why = malformed;
  try {
    const list = make(status);
    if (list.size <= limit) return list;
    why = tooLarge(limit);
  } catch {
    // The same status without what is malformed.
  }
  return make(withoutMetadata(status, why));
}
