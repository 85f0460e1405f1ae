import { Code, detail, RpcError } from "@grpc-study/rpc";
import { ErrorInfoSchema } from "@grpc-study/rpc/error-details";
import { BadRequestException, ForbiddenException, HttpException, Logger, ServiceUnavailableException } from "@nestjs/common";
import { RpcException } from "@nestjs/microservices";
import { firstValueFrom } from "rxjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failure, GrpcExceptionFilter } from "./exceptions.ts";

beforeAll(() => Logger.overrideLogger(false));
afterAll(() => Logger.overrideLogger(["log", "warn", "error"]));

/** What the caller of a handler receives, with the filter or without. */
async function received(thrown: unknown, filtered: boolean): Promise<string> {
  if (!filtered) return String(failure(thrown));
  const caught = await firstValueFrom(new GrpcExceptionFilter().catch(thrown, undefined as never)).catch((error: unknown) => error);
  return String(failure(caught));
}

describe.each([true, false])("with the filter: %s", (filtered) => {
  test.each([
    ["an RpcError", new RpcError(Code.ABORTED, "a"), "ABORTED: a"],
    ["an RpcException with an RpcError", new RpcException(new RpcError(Code.ABORTED, "a")), "ABORTED: a"],
    ["an RpcException with a code and a message", new RpcException({ code: 5, message: "a" }), "NOT_FOUND: a"],
    ["an RpcException with a code and details, as grpc-js has them", new RpcException({ code: 5, details: "a" }), "NOT_FOUND: a"],
    ["an RpcException with a code that does not exist", new RpcException({ code: 99, message: "a" }), "UNKNOWN: a"],
    ["an RpcException with the code OK", new RpcException({ code: 0, message: "a" }), "UNKNOWN: a"],
    ["an RpcException with a text", new RpcException("a"), "UNKNOWN: a"],
    ["an HttpException", new BadRequestException("a"), "INVALID_ARGUMENT: a"],
    ["an HttpException with several messages", new BadRequestException(["a", "b"]), "INVALID_ARGUMENT: a; b"],
    ["an HttpException of a guard", new ForbiddenException(), "PERMISSION_DENIED: Forbidden"],
    ["an HttpException of a failure", new ServiceUnavailableException("a"), "UNAVAILABLE: a"],
    ["an HttpException with another status", new HttpException("a", 418), "UNKNOWN: a"],
    ["an HttpException with another status of a failure", new HttpException("a", 599), "INTERNAL: a"],
  ])("%s has its status", async (_what, thrown, expected) => {
    expect(await received(thrown, filtered)).toBe(expected);
  });
});

test("other errors keep their message from the caller", async () => {
  expect(await received(new Error("secret"), true)).toBe("INTERNAL: Internal server error");
  expect(await received("secret", true)).toBe("INTERNAL: Internal server error");
});

test("the server sees errors that no filter has seen, to report them", () => {
  const error = new TypeError("secret");
  expect(failure(error)).toBe(error);
});

test("an AbortError passes, for the server to know the reason", async () => {
  const error = new DOMException("left", "AbortError");
  expect(await received(error, true)).toBe(String(error));
});

test("details and metadata of an RpcError pass", async () => {
  const error = new RpcError(Code.ABORTED, "a", { details: [detail(ErrorInfoSchema, { reason: "R" })], metadata: { "x-a": "1" } });
  expect(failure(error)).toBe(error);
  expect(failure(new RpcException(error))).toBe(error);
});
