// The types that may stand in a google.protobuf.Any whatever the upstream's files import: google.protobuf and google.rpc.
import { createRegistry, type Registry } from "@bufbuild/protobuf";
import {
  file_google_protobuf_any,
  file_google_protobuf_api,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_field_mask,
  file_google_protobuf_source_context,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_type,
  file_google_protobuf_wrappers,
} from "@bufbuild/protobuf/wkt";
import { file_google_rpc_error_details, file_google_rpc_status } from "@grpc-study/rpc/error-details";
import { file_google_api_httpbody } from "../gen/google/api/httpbody_pb.js";

const known = createRegistry(
  file_google_protobuf_any,
  file_google_protobuf_api,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_field_mask,
  file_google_protobuf_source_context,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_type,
  file_google_protobuf_wrappers,
  file_google_rpc_error_details,
  file_google_rpc_status,
  file_google_api_httpbody,
);

const made = new WeakMap<Registry, Registry>();

/** A registry's types, and the known ones. It asks the registry each time: one that grows stays up to date. */
export function withKnownTypes(registry: Registry = known): Registry {
  const both = made.get(registry) ?? layered(registry);
  made.set(registry, both);
  return both;
}

function layered(registry: Registry): Registry {
  return {
    kind: "registry",
    *[Symbol.iterator]() {
      yield* registry;
      for (const type of known) if (registry.get(type.typeName) === undefined) yield type;
    },
    get: (name) => registry.get(name) ?? known.get(name),
    getMessage: (name) => registry.getMessage(name) ?? known.getMessage(name),
    getEnum: (name) => registry.getEnum(name) ?? known.getEnum(name),
    getExtension: (name) => registry.getExtension(name),
    getExtensionFor: (extendee, number) => registry.getExtensionFor(extendee, number),
    getService: (name) => registry.getService(name),
  };
}
