// Interceptors that hold requests to the rules in their .proto files.
import { create, type DescMessage, type DescService, type Message, type MessageInitShape, type Registry } from "@bufbuild/protobuf";
import type { BadRequest_FieldViolation } from "../../../gen/google/rpc/error_details_pb.js";
import { checkObject, checkOptionNames, checkSchema, type Names, wrongType } from "../../checks.ts";
import type { ClientInterceptor } from "../../client/context.ts";
import { Code } from "../../protocol/code.ts";
import { RpcError } from "../../protocol/error.ts";
import type { ServerInterceptor } from "../../server/context.ts";
import { Checker, RuleError } from "./checker.ts";
import { fieldViolation } from "./field-violation.ts";
import { refusal } from "./refusal.ts";
import { hasRules } from "./rules-of.ts";

export interface ValidateOptions {
  /** The extensions of `buf.validate`'s own rules that the rules use, and the messages that CEL is to know. Default: none. */
  readonly registry?: Registry | undefined;
}

const names: Names<ValidateOptions> = { registry: true };

/**
 * Checks each request, of all four call kinds, before the handler has it. The first that breaks a rule ends the call with INVALID_ARGUMENT and one
 * `google.rpc.BadRequest` that has a field violation for each fault. They are left out from where they would not fit into a header, some 80;
 * the message says how many there are. Responses are not checked.
 *
 * `server.add()` throws a RuleError for a rule that cannot be compiled. A rule that fails when it is evaluated ends the call with INTERNAL.
 */
export function validate(options: ValidateOptions = {}): ServerInterceptor {
  const checker = checkerOf("validate()", options);
  const interceptor: ServerInterceptor = async (call, next) => {
    const { input } = call.method;
    if (!hasRules(input)) return next();
    let refused: RpcError | undefined;
    call.onRequest((request) => {
      const violations = checker.check(input, request);
      if (violations.length === 0) return;
      refused = refusal(input, request, violations);
      throw refused;
    });
    try {
      await next();
    } catch (error) {
      throw refused ?? error;
    }
    // A handler that catches what reading its requests throws has still been sent one that is not valid.
    if (refused !== undefined) throw refused;
  };
  return Object.assign(interceptor, { prepare: prepareWith(checker) });
}

/**
 * The same before a request is sent: the call ends with the error that the server would have answered. `createClient()` throws a RuleError for a
 * rule that cannot be compiled.
 */
export function validateRequests(options: ValidateOptions = {}): ClientInterceptor {
  const checker = checkerOf("validateRequests()", options);
  const interceptor: ClientInterceptor = async (call, next) => {
    const { input } = call.method;
    if (hasRules(input)) {
      call.onRequest((init) => {
        const request = create(input, init as MessageInitShape<DescMessage>);
        const violations = checkOrFail(checker, input, request);
        if (violations.length > 0) throw refusal(input, request, violations);
      });
    }
    await next();
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

/** What is not an RpcError would be taken for a message that cannot be written. */
function checkOrFail(checker: Checker, input: DescMessage, request: Message) {
  try {
    return checker.check(input, request);
  } catch (cause) {
    throw cause instanceof RuleError ? new RpcError(Code.INTERNAL, cause.message, { cause }) : cause;
  }
}

let shared: Checker | undefined;

/**
 * What is wrong with a message, or an init shape of one: nothing, or one field violation a fault. (Only the first, if the message has more than
 * 10,000 elements.)
 *
 * @throws RuleError for a rule that cannot be compiled or evaluated.
 */
export function check<Desc extends DescMessage>(schema: Desc, init: MessageInitShape<Desc>): BadRequest_FieldViolation[] {
  checkSchema("the schema of check()", schema);
  checkObject("the message of check()", init);
  shared ??= new Checker();
  shared.prepare(schema);
  const message = create(schema, init);
  return shared.check(schema, message).map((violation) => fieldViolation(violation, schema, message));
}
