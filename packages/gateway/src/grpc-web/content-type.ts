// The content types of gRPC-Web.
import type { Format } from "../protocol/format.ts";

/** The content type of a request or a response. */
export interface ContentType {
  /** `undefined` for a codec that the gateway does not have. */
  readonly format: Format | undefined;
  /** Whether the body is base64. */
  readonly text: boolean;
  /** The type without parameters. */
  readonly name: string;
}

const pattern = /^\s*(application\/grpc-web(-text(?:-base64)?)?(?:\+([\w.-]+))?)\s*(?:;.*)?$/i;

/** Reads the type of a request of gRPC-Web. */
export function contentTypeOf(value = ""): ContentType {
  const [, name, text, codec = "proto"] = pattern.exec(value) ?? [];
  if (name === undefined) return { format: undefined, text: false, name: value };
  const format = codec.toLowerCase();
  return { format: format === "proto" || format === "json" ? format : undefined, text: text !== undefined, name: name.toLowerCase() };
}

/**
 * The type of the response: base64 if the client asks for it by `Accept`, or if the request is base64
 * and `Accept` does not name a binary type.
 */
export function responseTypeOf(request: ContentType, accept: string | undefined): ContentType {
  const text = /application\/grpc-web-text/i.test(accept ?? "") || (request.text && !/application\/grpc-web(?!-text)/i.test(accept ?? ""));
  if (text === request.text && request.format !== undefined) return request;
  return { format: request.format, text, name: `application/grpc-web${text ? "-text" : ""}+${request.format ?? "proto"}` };
}
