// Matches the handlers of controllers with the methods of services, and adapts them.
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { type Context, type Handlers, type Implementation, implement, methodPath } from "@grpc-study/rpc";
import type { MessageHandler } from "@nestjs/microservices";
import { failure } from "./exceptions.ts";
import { Gate, oneOf, requestsOf, responsesOf, withGate } from "./streams.ts";

/** The pattern that the gRPC decorators of Nest give to a handler. */
interface GrpcPattern {
  /** The name of the service: with its package, or without. */
  readonly service: string;
  readonly rpc: string;
  readonly streaming: "no_stream" | "rx_stream" | "pt_stream";
}

export interface PatternHandler extends GrpcPattern {
  readonly handler: MessageHandler;
}

export function isGrpcPattern(pattern: unknown): pattern is GrpcPattern {
  return typeof pattern === "object" && pattern !== null && "service" in pattern && "rpc" in pattern && "streaming" in pattern;
}

const decorators = { no_stream: "@GrpcMethod", rx_stream: "@GrpcStreamMethod", pt_stream: "@GrpcStreamCall" } as const;

/**
 * Returns the services with the handlers of controllers.
 *
 * @param onMissing receives a message for each service of which some methods have no handler.
 * @throws TypeError if a handler matches no method, or has the decorator of another kind, if a method
 * has two handlers, or if a service has none.
 */
export function servicesOf(
  services: readonly DescService[],
  handlers: readonly PatternHandler[],
  onMissing: (message: string) => void,
): Implementation[] {
  const found = new Map<DescMethod, PatternHandler>();
  for (const handler of handlers) {
    const method = methodOf(services, handler);
    if (found.has(method)) throw new TypeError(`${methodPath(method)} has two handlers`);
    found.set(method, handler);
  }
  return services.map((service) => {
    const missing = service.methods.filter((method) => !found.has(method)).map(({ name }) => name);
    if (missing.length === service.methods.length) throw new TypeError(`no controller has a handler for ${service.typeName}`);
    if (missing.length > 0) onMissing(`${service.typeName}: no handler for ${missing.join(", ")}`);
    const own = [...found].filter(([method]) => method.parent === service);
    const adapted = own.map(([method, handler]) => [method.localName, handlerOf(method, handler)] as [string, unknown]);
    return implement(service, Object.fromEntries(adapted) as Handlers<DescService>);
  });
}

function methodOf(services: readonly DescService[], { service: name, rpc, streaming }: GrpcPattern): DescMethod {
  const shown = `${decorators[streaming]}("${name}", "${rpc}")`;
  const matches = services.filter((service) => service.typeName === name || relativeName(service) === name);
  if (matches.length > 1) throw new TypeError(`${shown} matches ${matches.map(({ typeName }) => typeName).join(" and ")}: add the package`);
  const method = matches[0]?.methods.find((method) => method.name === rpc);
  if (method === undefined) {
    throw new TypeError(`${shown} matches no method: the services are ${services.map(({ typeName }) => typeName).join(", ")}`);
  }
  if (hasRequestStream(method) !== (streaming !== "no_stream")) {
    const right = hasRequestStream(method)
      ? "streams requests: use @GrpcStreamMethod or @GrpcStreamCall"
      : "has one request: use @GrpcMethod";
    throw new TypeError(`${shown}: ${methodPath(method)} ${right}`);
  }
  return method;
}

/** The name below the package, which Nest's own transport uses. */
function relativeName({ typeName, file }: DescService): string {
  return file.proto.package === "" ? typeName : typeName.slice(file.proto.package.length + 1);
}

function hasRequestStream({ methodKind }: DescMethod): boolean {
  return methodKind === "client_streaming" || methodKind === "bidi_streaming";
}

type Handler = (input: never, context: Context) => unknown;

/** Adapts the handler of a controller to `implement()`. */
function handlerOf({ methodKind }: DescMethod, { handler, streaming }: PatternHandler): Handler {
  const payload = (input: AsyncIterable<unknown>) => (streaming === "rx_stream" ? requestsOf(input) : input);
  if (methodKind === "server_streaming" || methodKind === "bidi_streaming") {
    return async function* (input: AsyncIterable<unknown>, context: Context) {
      const gate = new Gate();
      try {
        yield* responsesOf(await withGate(gate, () => handler(payload(input), context)), context, gate);
      } catch (error) {
        throw failure(error);
      }
    };
  }
  return async (input: AsyncIterable<unknown>, context: Context) => {
    try {
      // A unary Observable may emit more, as with Nest's own transport.
      return await oneOf(await handler(payload(input), context), context, methodKind === "unary" ? "first" : "last");
    } catch (error) {
      throw failure(error);
    }
  };
}
