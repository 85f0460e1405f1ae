// Statuses: status_code_and_message, special_status_message, unimplemented_method and
// unimplemented_service.
import { Code } from "@grpc-study/rpc";
import { expectStatus, type TestCase } from "../case.ts";

export const statusCodeAndMessage: TestCase = async ({ test }) => {
  const request = { responseStatus: { code: Code.UNKNOWN, message: "test status message" } };
  await expectStatus(test.unaryCall(request), Code.UNKNOWN, "test status message");
  await expectStatus(Array.fromAsync(test.fullDuplexCall([request])), Code.UNKNOWN, "test status message");
};

/**
 * The message has white space, a character of the Basic Multilingual Plane and one beyond it. All
 * of them are percent-encoded on the wire.
 */
export const specialStatusMessage: TestCase = async ({ test }) => {
  const message = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
  await expectStatus(test.unaryCall({ responseStatus: { code: Code.UNKNOWN, message } }), Code.UNKNOWN, message);
};

export const unimplementedMethod: TestCase = async ({ test }) => {
  await expectStatus(test.unimplementedCall({}), Code.UNIMPLEMENTED);
};

export const unimplementedService: TestCase = async ({ unimplemented }) => {
  await expectStatus(unimplemented.unimplementedCall({}), Code.UNIMPLEMENTED);
};
