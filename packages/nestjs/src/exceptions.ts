// The statuses of exceptions: RpcError, RpcException and HttpException.
import { Code, codeFrom, RpcError } from "@grpc-study/rpc";
import { type ArgumentsHost, Catch, HttpException } from "@nestjs/common";
import { BaseRpcExceptionFilter, RpcException } from "@nestjs/microservices";
import { type Observable, throwError } from "rxjs";

/**
 * The exception filter of gRPC handlers. Without it, Nest replaces every exception except
 * `RpcException` by "Internal server error".
 *
 * | thrown | status of the call |
 * |---|---|
 * | `RpcError` | itself, with its details and metadata |
 * | `RpcException` | that of its `{ code, message }`, or of its `RpcError`; otherwise UNKNOWN |
 * | `HttpException` | by its HTTP status: 400 is INVALID_ARGUMENT, 403 PERMISSION_DENIED, … |
 * | another error | INTERNAL without its message, which Nest logs |
 *
 * @example
 * app.useGlobalFilters(new GrpcExceptionFilter());
 */
export class GrpcExceptionFilter extends BaseRpcExceptionFilter {
  override catch(exception: unknown, host: ArgumentsHost): Observable<never> {
    const aborted = exception instanceof Error && exception.name === "AbortError";
    const error = aborted ? exception : rpcErrorOf(exception);
    return error === undefined ? (super.catch(exception as RpcException, host) as Observable<never>) : throwError(() => error);
  }
}

Catch()(GrpcExceptionFilter);

/** Returns what the server ends a call with when its handler has thrown. */
export function failure(thrown: unknown): unknown {
  return rpcErrorOf(thrown) ?? thrown;
}

function rpcErrorOf(thrown: unknown): RpcError | undefined {
  if (thrown instanceof RpcError) return thrown;
  if (thrown instanceof HttpException) return new RpcError(codeOf(thrown.getStatus()), messageOf(thrown), { cause: thrown });
  if (thrown instanceof RpcException) {
    const error = thrown.getError();
    return typeof error === "string" ? ofText(error) : (rpcErrorOf(error) ?? new RpcError(Code.UNKNOWN, thrown.message));
  }
  return ofObject(thrown);
}

/** What Nest makes of an exception: `{ status: "error", message }`, or the object of an RpcException. */
function ofObject(thrown: unknown): RpcError | undefined {
  if (typeof thrown !== "object" || thrown === null || thrown instanceof Error) return undefined;
  const { code, message, details, status } = thrown as Readonly<Record<string, unknown>>;
  if (typeof code === "number" && code !== Code.OK) {
    return new RpcError(codeFrom(code), [details, message].find((text) => typeof text === "string") ?? "");
  }
  return status === "error" && typeof message === "string" ? ofText(message) : undefined;
}

/** The texts of Nest have no code. */
function ofText(message: string): RpcError {
  if (message === "Forbidden resource") return new RpcError(Code.PERMISSION_DENIED, message); // A guard returned false.
  return new RpcError(message === "Internal server error" ? Code.INTERNAL : Code.UNKNOWN, message);
}

/** Based on the HTTP mapping in google/rpc/code.proto, with 408, 412 and 422 added. */
const codes: Readonly<Record<number, Code>> = {
  400: Code.INVALID_ARGUMENT,
  401: Code.UNAUTHENTICATED,
  403: Code.PERMISSION_DENIED,
  404: Code.NOT_FOUND,
  408: Code.DEADLINE_EXCEEDED,
  409: Code.ALREADY_EXISTS,
  412: Code.FAILED_PRECONDITION,
  422: Code.INVALID_ARGUMENT,
  429: Code.RESOURCE_EXHAUSTED,
  501: Code.UNIMPLEMENTED,
  503: Code.UNAVAILABLE,
  504: Code.DEADLINE_EXCEEDED,
};

function codeOf(status: number): Code {
  return codes[status] ?? (status >= 500 ? Code.INTERNAL : Code.UNKNOWN);
}

/** The messages of a ValidationPipe are an array in the body of the response. */
function messageOf(exception: HttpException): string {
  const body = exception.getResponse();
  const message = typeof body === "string" ? body : (body as { readonly message?: unknown }).message;
  return Array.isArray(message) ? message.join("; ") : exception.message;
}
