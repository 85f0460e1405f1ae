// What an adapter finds wrong with a request, before the gateway handles it.
import { METHODS } from "node:http";
import { Code } from "@grpc-study/rpc";
import { quote } from "../fields/invalid-field.ts";
import { HttpError } from "../http/errors.ts";

/** RFC 9112, section 3.2; RFC 9113, section 8.3.1. */
export const severalHosts: HttpError = new HttpError(400, Code.INVALID_ARGUMENT, "the request has more than one host", {
  connection: "close",
});

/** The methods that Node's HTTP/1.1 parser knows. HTTP/2 allows any text. The gateway is no proxy. */
const methods = new Set(METHODS.filter((method) => method !== "CONNECT"));

/** Returns the error for a method that no server knows: 501 (RFC 9110, section 15.6.2). */
export function unknownMethod(method: string): HttpError | undefined {
  return methods.has(method) ? undefined : new HttpError(501, Code.UNIMPLEMENTED, `unknown HTTP method ${quote(method)}`);
}
