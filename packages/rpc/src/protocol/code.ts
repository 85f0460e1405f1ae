/**
 * The gRPC status codes, as grpc-js numbers and names them: `Code.NOT_FOUND` is 5, `Code[5]` is `"NOT_FOUND"`.
 * @see https://grpc.github.io/grpc/core/md_doc_statuscodes.html
 */
export { status as Code } from "@grpc/grpc-js";
