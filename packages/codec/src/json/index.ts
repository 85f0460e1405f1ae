// Canonical JSON of protobuf messages, from functions compiled from their descriptors at first use.
export { type JsonCodec, type JsonOptions, jsonCodec } from "./codec.ts";
export { JsonError, TooManyElementsError } from "./error.ts";
export { jsonFieldCodec } from "./field-codec.ts";
