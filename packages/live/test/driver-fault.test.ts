// Why a driver has no connection, by its errors.
import { expect, test } from "vitest";
import { driverFault } from "../src/postgres/index.ts";

const withCode = (code: string) => Object.assign(new Error("it failed"), { code });

test.each([
  [withCode("ECONNREFUSED"), "unreachable"],
  [withCode("ENOTFOUND"), "unreachable"],
  // The name server does not answer for now.
  [withCode("EAI_AGAIN"), "unreachable"],
  [withCode("ERR_SSL_WRONG_VERSION_NUMBER"), "unreachable"],
  [withCode("ERR_TLS_CERT_ALTNAME_INVALID"), "untrusted"],
  [withCode("SELF_SIGNED_CERT_IN_CHAIN"), "untrusted"],
  [new Error("SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string"), "rejected"],
  [new Error("timeout exceeded when trying to connect"), "busy"],
  [new Error("Connection terminated unexpectedly"), "lost"],
  [new Error("Query read timeout"), "lost"],
  [withCode("ERR_INVALID_ARG_TYPE"), undefined],
  [withCode("57P01"), undefined],
  [new TypeError("x is undefined"), undefined],
])("%s is %s", (error, fault) => {
  expect(driverFault(error)).toBe(fault);
});
