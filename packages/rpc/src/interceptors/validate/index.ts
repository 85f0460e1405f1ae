// @grpc-study/rpc/validate: checks requests against the buf.validate rules in their .proto files.
export { RuleError } from "./checker.ts";
export { check, type ValidateOptions, validate, validateRequests } from "./validate.ts";
