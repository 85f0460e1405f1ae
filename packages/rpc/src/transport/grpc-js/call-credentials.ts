// Call credentials that check their metadata before grpc-js receives it.
import { type CallCredentials, credentials } from "@grpc/grpc-js";
import { MetadataError } from "../../protocol/metadata.ts";
import { requestFault } from "../../protocol/metadata-rules.ts";
import { copyOf } from "./metadata.ts";

/**
 * Wraps call credentials so that metadata that cannot be sent is an error. Without this check,
 * grpc-js restarts the call again and again if Node rejects the metadata. If there is no metadata,
 * an internal promise of grpc-js rejects, and the call never ends.
 */
export function checked(own: CallCredentials): CallCredentials {
  return credentials.createFromMetadataGenerator((options, callback) => {
    const generate = async () => {
      const metadata = await own.generateMetadata(options);
      const fault = requestFault(copyOf(metadata));
      if (fault !== undefined) throw new MetadataError(fault);
      return metadata;
    };
    generate().then(
      (metadata) => callback(null, metadata),
      // grpc-js rejects with null if the callback gets neither an error nor metadata.
      (fault: Error | null) => callback(fault ?? new MetadataError("they returned no metadata")),
    );
  });
}
