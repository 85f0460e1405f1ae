// Reads the suites of connectrpc/conformance (third_party/connectrpc/conformance/testsuites) and
// expands each case to its permutations, as the reference runner does for servers
// (internal/app/connectconformance/test_case_library.go). The names are the runner's.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { clone, createRegistry, fromBinary, fromJson, type JsonValue, toBinary } from "@bufbuild/protobuf";
import { parse } from "yaml";
import {
  type ClientCompatRequest,
  ClientCompatRequestSchema,
  type ClientResponseResult,
} from "../../../gen/connectrpc/conformance/v1/client_compat_pb.js";
import { type Code, Codec, Compression, Protocol, StreamType } from "../../../gen/connectrpc/conformance/v1/config_pb.js";
import { file_connectrpc_conformance_v1_service as serviceFile } from "../../../gen/connectrpc/conformance/v1/service_pb.js";
import { type TestCase, type TestSuite, TestSuiteSchema } from "../../../gen/connectrpc/conformance/v1/suite_pb.js";
import { limitBytes } from "../caller.ts";
import { expectedResponse } from "./expected.ts";

/** One case in one permutation. */
export interface ConformanceCase {
  /** The name of the reference runner: `suite/permutation/case`. */
  readonly name: string;
  readonly request: ClientCompatRequest;
  readonly expected: ClientResponseResult;
  readonly otherAllowedCodes: readonly Code[];
  readonly tls: boolean;
  readonly clientCertificate: boolean;
  /** Whether gRPC-Web encodes the bodies in base64. */
  readonly text: boolean;
}

export const registry = createRegistry(serviceFile);

const folder = fileURLToPath(new URL("../../../third_party/connectrpc/conformance/testsuites/", import.meta.url));
const own = fileURLToPath(new URL("suites/", import.meta.url));

/** All cases for servers, in the order of the files. */
export function readCases(): ConformanceCase[] {
  const files = [folder, own].flatMap((path) =>
    readdirSync(path)
      .sort()
      .map((file) => path + file),
  );
  return files.flatMap((file) => expandSuite(readSuite(file)));
}

function readSuite(file: string): TestSuite {
  const json: JsonValue = parse(readFileSync(file, "utf8"), (_key, value) => value ?? {});
  const suite = fromJson(TestSuiteSchema, json, { registry });
  for (const testCase of suite.testCases) expandRequests(testCase);
  return suite;
}

const protocols = [Protocol.CONNECT, Protocol.GRPC, Protocol.GRPC_WEB];
const codecs = [Codec.PROTO, Codec.JSON];
const compressions = [Compression.IDENTITY, Compression.GZIP, Compression.BR];

interface Permutation {
  readonly httpVersion: 1 | 2;
  readonly protocol: Protocol;
  readonly codec: Codec;
  readonly compression: Compression;
  readonly tls: boolean;
  /** Not in the reference, whose client has no text mode of gRPC-Web. */
  readonly text: boolean;
}

function expandSuite(suite: TestSuite): ConformanceCase[] {
  return permutations(suite).flatMap((permutation) => {
    const prefix = prefixOf(suite, permutation);
    const cases = suite.testCases.filter(({ request }) => !permutation.text || request?.rawRequest === undefined);
    return cases.map((testCase) => expandCase(suite, testCase, permutation, prefix));
  });
}

function permutations(suite: TestSuite): Permutation[] {
  const orAll = <T>(relevant: readonly T[], all: readonly T[]) => (relevant.length > 0 ? relevant : all);
  const result: Permutation[] = [];
  for (const protocol of orAll(suite.relevantProtocols, protocols)) {
    for (const httpVersion of orAll<number>(suite.relevantHttpVersions, [1, 2])) {
      for (const tls of suite.reliesOnTls ? [true] : [false, true]) {
        for (const codec of orAll(suite.relevantCodecs, codecs)) {
          for (const compression of orAll(suite.relevantCompressions, compressions)) {
            const permutation = { httpVersion: httpVersion === 1 ? 1 : 2, protocol, codec, compression, tls } as const;
            result.push({ ...permutation, text: false });
            if (protocol === Protocol.GRPC_WEB && codec === Codec.PROTO && !tls) result.push({ ...permutation, text: true });
          }
        }
      }
    }
  }
  return result;
}

function prefixOf(suite: TestSuite, { httpVersion, protocol, codec, compression, tls, text }: Permutation): string {
  const parts = [suite.name];
  if (suite.relevantHttpVersions.length !== 1) parts.push(`HTTPVersion:${httpVersion}`);
  if (suite.relevantProtocols.length !== 1) parts.push(`Protocol:PROTOCOL_${Protocol[protocol]}`);
  if (text) parts.push("Text:true");
  if (suite.relevantCodecs.length !== 1) parts.push(`Codec:CODEC_${Codec[codec]}`);
  if (suite.relevantCompressions.length !== 1) parts.push(`Compression:COMPRESSION_${Compression[compression]}`);
  if (!suite.reliesOnTls) parts.push(`TLS:${tls}`);
  return parts.join("/");
}

const methods: Readonly<Record<number, string>> = {
  [StreamType.UNARY]: "Unary",
  [StreamType.CLIENT_STREAM]: "ClientStream",
  [StreamType.SERVER_STREAM]: "ServerStream",
  [StreamType.HALF_DUPLEX_BIDI_STREAM]: "BidiStream",
  [StreamType.FULL_DUPLEX_BIDI_STREAM]: "BidiStream",
};

function expandCase(suite: TestSuite, testCase: TestCase, { tls, text, ...permutation }: Permutation, prefix: string): ConformanceCase {
  if (testCase.request === undefined) throw new Error(`${suite.name}: a case without a request`);
  const request = clone(ClientCompatRequestSchema, testCase.request);
  const name = `${prefix}/${request.testName}`;
  const method = methods[request.streamType];
  if (method === undefined) throw new Error(`${name}: no stream type`);
  Object.assign(request, permutation, { testName: name });
  request.service ??= "connectrpc.conformance.v1.ConformanceService";
  request.method ??= method;
  return {
    name,
    request,
    expected: testCase.expectedResponse ?? expectedResponse(request),
    otherAllowedCodes: testCase.otherAllowedErrorCodes,
    tls,
    text,
    clientCertificate: suite.reliesOnTlsClientCerts,
  };
}

/** Pads the requests to the sizes that the case defines relative to the server's limit. */
function expandRequests({ request, expandRequests: sizes }: TestCase): void {
  for (const [index, { sizeRelativeToLimit }] of sizes.entries()) {
    const any = request?.requestMessages[index];
    if (any === undefined || sizeRelativeToLimit === undefined) continue;
    const size = limitBytes + sizeRelativeToLimit;
    const schema = registry.getMessage(any.typeUrl.slice(any.typeUrl.lastIndexOf("/") + 1));
    if (schema === undefined) throw new Error(`${any.typeUrl} is unknown`);
    const message = fromBinary(schema, any.value) as { requestData?: Uint8Array } & ReturnType<typeof fromBinary>;
    // The second round corrects the length of the length.
    for (let round = 0; round < 3 && any.value.length !== size; round++) {
      message.requestData = new Uint8Array((message.requestData?.length ?? 0) + size - any.value.length);
      any.value = toBinary(schema, message);
    }
    if (any.value.length !== size) throw new Error(`${request?.testName}: request ${index} cannot have ${size} bytes`);
  }
}
