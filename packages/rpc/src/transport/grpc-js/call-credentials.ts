// Call credentials whose metadata is checked before grpc-js has it.
import { type CallCredentials, credentials } from "@grpc/grpc-js";
import { MetadataError } from "../../protocol/metadata.ts";
import { requestFault } from "../../protocol/metadata-rules.ts";
import { copyOf } from "./metadata.ts";

/**
 * The same credentials, in which metadata that cannot be sent is an error. With metadata that Node refuses, grpc-js begins the call again and again;
 * without any, a promise of its own rejects, and the call never ends.
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
      // grpc-js rejects with null for a callback without an error and without metadata.
      (fault: Error | null) => callback(fault ?? new MetadataError("they gave no metadata")),
    );
  });
}
