// Compression of single messages: client_compressed_unary, client_compressed_streaming,
// server_compressed_unary and server_compressed_streaming.
import { equal, ok } from "node:assert/strict";
import { Code } from "@grpc-study/rpc";
import { zeros } from "../../payload.ts";
import { expectCompression, expectStatus, expectZeros, type TestCase } from "../case.ts";
import { largeUnaryRequest } from "./unary.ts";

const yes = { value: true };
const no = { value: false };
const compression = "gzip";

export const clientCompressedUnary: TestCase = async ({ test }) => {
  // A probe: does the server check compression at all?
  await expectStatus(test.unaryCall({ ...largeUnaryRequest, expectCompressed: yes }), Code.INVALID_ARGUMENT);
  const compressed = await test.unaryCall({ ...largeUnaryRequest, expectCompressed: yes }, { compression });
  expectZeros(compressed.payload, 314_159);
  const uncompressed = await test.unaryCall({ ...largeUnaryRequest, expectCompressed: no });
  expectZeros(uncompressed.payload, 314_159);
};

export const clientCompressedStreaming: TestCase = async ({ test }) => {
  const probe = test.streamingInputCall([{ expectCompressed: yes, payload: zeros(27_182) }]);
  await expectStatus(probe, Code.INVALID_ARGUMENT);

  const call = test.streamingInputCall({ compression });
  await call.send({ expectCompressed: yes, payload: zeros(27_182) });
  await call.send({ expectCompressed: no, payload: zeros(45_904) }, { compress: false });
  const { aggregatedPayloadSize } = await call.closeAndRecv();
  equal(aggregatedPayloadSize, 73_086, `the aggregated payload size is ${aggregatedPayloadSize}, expected 73086`);
};

export const serverCompressedUnary: TestCase = async ({ test }) => {
  for (const responseCompressed of [yes, no]) {
    const response = await test.unaryCall({ ...largeUnaryRequest, responseCompressed });
    expectZeros(response.payload, 314_159);
    expectCompression(response, responseCompressed.value);
  }
};

export const serverCompressedStreaming: TestCase = async ({ test }) => {
  const parameters = [
    { compressed: yes, size: 31_415 },
    { compressed: no, size: 92_653 },
  ];
  const call = test.streamingOutputCall({ responseParameters: parameters });
  for (const { compressed, size } of parameters) {
    const response = await call.recv();
    ok(response !== undefined, "the stream ended before the second response");
    expectZeros(response.payload, size);
    expectCompression(response, compressed.value);
  }
  equal(await call.recv(), undefined, "the stream has more than two responses");
};
