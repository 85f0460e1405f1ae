// Types that an Any may contain even if the upstream's files do not import them: google.protobuf
// and google.rpc.
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

const joined = new WeakMap<Registry, Registry>();

/** Adds the known types to a registry. */
export function withKnownTypes(registry: Registry = known): Registry {
  const withKnown = joined.get(registry) ?? joinRegistries([registry, known]);
  joined.set(registry, withKnown);
  return withKnown;
}

/**
 * Joins registries. The first one that has a type wins. Lookups are not cached, so registries may
 * grow.
 */
export function joinRegistries(registries: readonly Registry[]): Registry {
  const find = <Found>(get: (registry: Registry) => Found | undefined): Found | undefined => {
    for (const registry of registries) {
      const found = get(registry);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return {
    kind: "registry",
    [Symbol.iterator]: () =>
      new Map(registries.toReversed().flatMap((registry) => [...registry].map((type) => [type.typeName, type]))).values(),
    get: (name) => find((registry) => registry.get(name)),
    getMessage: (name) => find((registry) => registry.getMessage(name)),
    getEnum: (name) => find((registry) => registry.getEnum(name)),
    getExtension: (name) => find((registry) => registry.getExtension(name)),
    getExtensionFor: (extendee, number) => find((registry) => registry.getExtensionFor(extendee, number)),
    getService: (name) => find((registry) => registry.getService(name)),
  };
}
