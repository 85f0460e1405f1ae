// @grpc-study/rpc/validate: requests held to the rules of buf.validate in their .proto files.
export { RuleError } from "./checker.ts";
export { check, type ValidateOptions, validate, validateRequests } from "./validate.ts";
