// The header lists of responses. Frequent lists are constants and other lists extend them, so the
// engine encodes the common part once.
import { HeaderList } from "@grpc-study/http2";
import { Code } from "../../../protocol/code.ts";
import { acceptedEncodings, type Compression } from "../../../protocol/compression.ts";
import { fieldsOf } from "../../../protocol/fields.ts";
import { fitStatus } from "../../../protocol/fit-status.ts";
import type { Metadata } from "../../../protocol/metadata.ts";
import { isSentWithStatus } from "../../../protocol/metadata-rules.ts";
import { percentEncode } from "../../../protocol/percent-encode.ts";
import type { Status } from "../../../protocol/status.ts";

type Field = readonly [name: string, value: string];

/** The header of every response without metadata and compression. */
export const plainHeader: HeaderList = HeaderList.response(200, [
  ["content-type", "application/grpc+proto"],
  ["grpc-accept-encoding", acceptedEncodings],
]);

const headers: Readonly<Record<Compression, HeaderList>> = {
  identity: plainHeader,
  gzip: plainHeader.extend([["grpc-encoding", "gzip"]]),
  deflate: plainHeader.extend([["grpc-encoding", "deflate"]]),
};

/** The trailers of a call that ends with OK. */
export const okTrailers: HeaderList = HeaderList.trailers([["grpc-status", "0"]]);

export function headerList(metadata: Metadata | undefined, compression: Compression): HeaderList {
  const list = headers[compression];
  return metadata === undefined || metadata.size === 0 ? list : list.extend(metadataFields(metadata));
}

/** Returns the status as trailers after a header. */
export function trailersList(status: Status): HeaderList {
  return HeaderList.trailers(statusFields(fitStatus(status)));
}

/** Returns the status as a trailers-only response. */
export function trailersOnlyList(status: Status): HeaderList {
  return plainHeader.extend(statusFields(fitStatus(status)));
}

/**
 * Returns the status as a response with another HTTP status than 200, for peers that may not know
 * gRPC.
 */
export function httpList(http: number, status: Status, fields: readonly Field[] = []): HeaderList {
  return HeaderList.response(http, [["content-type", "application/grpc"], ...statusFields(status), ...fields]);
}

function statusFields({ code, message, metadata }: Status): Field[] {
  const fields: Field[] = [["grpc-status", String(code)]];
  if (message !== "") fields.push(["grpc-message", percentEncode(message)]);
  if (metadata !== undefined && metadata.size > 0) fields.push(...metadataFields(metadata));
  return fields;
}

function metadataFields(metadata: Metadata): Field[] {
  return fieldsOf(metadata).filter(([name]) => isSentWithStatus(name));
}

/**
 * Returns the replacement for a status that cannot be sent because its metadata is malformed or
 * larger than the peer accepts.
 */
export function withoutMetadata(status: Status, why: string): Status {
  return status.code === Code.OK
    ? { code: Code.INTERNAL, message: why, metadata: undefined }
    : { code: status.code, message: status.message, metadata: undefined };
}
