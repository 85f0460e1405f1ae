// The status of a call that the gateway itself rejects.
import type { RpcError } from "@grpc-study/rpc";
import type { Status } from "@grpc-study/rpc/transport";
import { packStatus } from "../protocol/pack-status.ts";

/** The status with the error's details and metadata. */
export function statusOf(error: RpcError): Status {
  const { code, message, details } = error;
  const metadata = error.metadata.clone();
  if (details.length > 0) metadata.receive("grpc-status-details-bin", packStatus(error));
  return { code, message, metadata: metadata.size > 0 ? metadata : undefined };
}
