// The standard details of an error: BadRequest, ErrorInfo, RetryInfo and the others of
// google/rpc/error_details.proto.
export * from "../../gen/google/rpc/error_details_pb.js";
export { file_google_rpc_status } from "../../gen/google/rpc/status_pb.js";
