// Interceptors that check requests against the rules in their .proto files.
import { create, type DescMessage, type DescService, type Message, type MessageInitShape, type Registry } from "@bufbuild/protobuf";
import type { BadRequest_FieldViolation } from "../../../gen/google/rpc/error_details_pb.js";
import { checkObject, checkOptionNames, checkSchema, type Names, wrongType } from "../../checks.ts";
import type { ClientInterceptor } from "../../client/context.ts";
import { Code } from "../../protocol/code.ts";
import { RpcError } from "../../protocol/error.ts";
import type { ServerInterceptor } from "../../server/context.ts";
import { Checker, RuleError } from "./checker.ts";
import { fieldViolation } from "./field-violation.ts";
import { invalidRequest } from "./invalid-request.ts";
import { hasRules } from "./rules-of.ts";

/** Options of `validate()` and `validateRequests()`. */
export interface ValidateOptions {
  /**
   * A registry with the extensions of the `buf.validate` rules, and with the messages that CEL
   * expressions use. Default: none.
   */
  readonly registry?: Registry | undefined;
}

const names: Names<ValidateOptions> = { registry: true };

/**
 * Returns an interceptor that checks each request before the handler receives it, in calls of all
 * four kinds. It does not check responses.
 *
 * The first request that violates a rule ends the call with INVALID_ARGUMENT. The error has one
 * `google.rpc.BadRequest` detail with a field violation for each violated rule. Violations that
 * would not fit into a header are omitted, which leaves about 80. The message gives the total.
 *
 * `server.add()` throws a RuleError for a rule that cannot be compiled. A rule that cannot be
 * evaluated ends the call with INTERNAL.
 */
export function validate(options: ValidateOptions = {}): ServerInterceptor {
  const checker = checkerOf("validate()", options);
  const interceptor: ServerInterceptor = async (call, next) => {
    const { input } = call.method;
    if (!hasRules(input)) return next();
    const faultOf = (request: Message) => {
      const violations = checker.check(input, request);
      return violations.length === 0 ? undefined : invalidRequest(input, request, violations);
    };
    if (call.requests === undefined) {
      const fault = faultOf(await call.request);
      if (fault !== undefined) throw fault;
      return next();
    }
    const { requests } = call;
    async function* valid() {
      for await (const request of requests) {
        const fault = faultOf(request);
        if (fault !== undefined) {
          // The call fails even if the handler catches the error while it reads its requests.
          call.abort(fault);
          throw fault;
        }
        yield request;
      }
    }
    return next({ requests: valid() });
  };
  return Object.assign(interceptor, { prepare: prepareWith(checker) });
}

/**
 * Returns an interceptor that checks each request before the client sends it. An invalid request
 * ends the call with the same error as `validate()` on the server. `createClient()` throws a
 * RuleError for a rule that cannot be compiled.
 */
export function validateRequests(options: ValidateOptions = {}): ClientInterceptor {
  const checker = checkerOf("validateRequests()", options);
  const interceptor: ClientInterceptor = (call, next) => {
    const { input } = call.method;
    if (!hasRules(input)) return next();
    const check = (request: Message) => {
      const violations = checkOrFail(checker, input, request);
      if (violations.length > 0) throw invalidRequest(input, request, violations);
    };
    if (call.requests === undefined) {
      check(call.request);
      return next();
    }
    const { requests } = call;
    async function* valid() {
      for await (const request of requests) {
        check(request);
        yield request;
      }
    }
    return next({ requests: valid() });
  };
  return Object.assign(interceptor, { prepare: prepareWith(checker) });
}

function checkerOf(where: string, options: ValidateOptions): Checker {
  checkOptionNames(where, options, names);
  const { registry } = options;
  if (registry !== undefined && registry?.kind !== "registry") throw wrongType("registry", "a registry of protobuf-es", registry);
  return new Checker(registry);
}

function prepareWith(checker: Checker) {
  return ({ methods }: DescService) => {
    for (const { input } of methods) checker.prepare(input);
  };
}

/**
 * Turns a RuleError into INTERNAL. Otherwise, the call would report a message that cannot be
 * encoded.
 */
function checkOrFail(checker: Checker, input: DescMessage, request: Message) {
  try {
    return checker.check(input, request);
  } catch (cause) {
    throw cause instanceof RuleError ? new RpcError(Code.INTERNAL, cause.message, { cause }) : cause;
  }
}

let shared: Checker | undefined;

/**
 * Checks a message, or an object with its fields. Returns a field violation for each violated rule.
 * For a message with more than 10,000 values, returns the first violation only.
 *
 * @throws RuleError for a rule that cannot be compiled or evaluated. TypeError for an invalid
 * argument.
 */
export function check<Desc extends DescMessage>(schema: Desc, init: MessageInitShape<Desc>): BadRequest_FieldViolation[] {
  checkSchema("the schema of check()", schema);
  checkObject("the message of check()", init);
  shared ??= new Checker();
  shared.prepare(schema);
  const message = create(schema, init);
  return shared.check(schema, message).map((violation) => fieldViolation(violation, schema, message));
}
