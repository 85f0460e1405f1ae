// Canonical JSON of protobuf messages, from functions compiled from their descriptors at first use.
export { type JsonOptions, jsonCodec } from "./codec.ts";
export { JsonError } from "./error.ts";
export { jsonFieldCodec } from "./field-codec.ts";
