// Compares the result of a call with the expected response, as the reference runner does
// (internal/app/connectconformance/results.go).
import { equals } from "@bufbuild/protobuf";
import { type Any, anyUnpack } from "@bufbuild/protobuf/wkt";
import { Code, StreamType } from "../../../gen/connectrpc/conformance/v1/config_pb.js";
import {
  type Error as ConformanceError,
  type ConformancePayload,
  type ConformancePayload_RequestInfo,
  ConformancePayload_RequestInfoSchema,
  type Header,
} from "../../../gen/connectrpc/conformance/v1/service_pb.js";
import type { CallError, CallResult, Fields } from "./result.ts";
import { type ConformanceCase, registry } from "./suites.ts";

/**
 * How much of a timeout may pass on the way to the server, in milliseconds. The reference allows 500.
 * Here, many calls share the time of a busy machine.
 */
const graceMs = 1500;

/** Returns what differs. Empty if the result conforms. */
export function check({ request, expected, otherAllowedCodes }: ConformanceCase, result: CallResult): string[] {
  const others = [...otherAllowedCodes];
  // A server may also end an HTTP/2 stream whose deadline is over.
  if (request.timeoutMs !== undefined && expected.error?.code === Code.DEADLINE_EXCEEDED && request.httpVersion > 1)
    others.push(Code.CANCELED);
  const problems = [
    ...checkError(expected.error, result.error, others),
    ...checkPayloads(expected.payloads, result.payloads),
    ...checkMetadata(),
    ...result.feedback,
  ];
  if (expected.httpStatusCode !== undefined && expected.httpStatusCode !== result.status) {
    problems.push(`HTTP status ${result.status} instead of ${expected.httpStatusCode}`);
  }
  return problems;

  function checkMetadata(): string[] {
    const separate = [
      ...checkHeaders("header", expected.responseHeaders, result.header),
      ...checkHeaders("trailer", expected.responseTrailers, result.trailer),
    ];
    const single = request.streamType === StreamType.UNARY || request.streamType === StreamType.CLIENT_STREAM;
    if (separate.length === 0 || !single || expected.error === undefined) return separate;
    // An error may have its metadata in one bag.
    const merged = merge(expected.responseHeaders, expected.responseTrailers);
    const inOne = [result.header, result.trailer].some((fields) => checkHeaders("metadata", merged, fields).length === 0);
    return inOne ? [] : separate;
  }
}

function checkError(expected: ConformanceError | undefined, actual: CallError | undefined, others: readonly Code[]): string[] {
  if (expected === undefined) return actual === undefined ? [] : [`an unexpected error: ${Code[actual.code]} ${actual.message}`];
  if (actual === undefined) return [`no error instead of ${Code[expected.code]}`];
  const problems: string[] = [];
  if (actual.code !== expected.code && !others.includes(actual.code)) {
    const allowed = [expected.code, ...others].map((code) => Code[code]).join(" or ");
    problems.push(`the code ${Code[actual.code]} ("${actual.message}") instead of ${allowed}`);
  }
  if (expected.message !== undefined && expected.message !== actual.message) {
    problems.push(`the message "${actual.message}" instead of "${expected.message}"`);
  }
  if (expected.details.length !== actual.details.length) {
    problems.push(`${actual.details.length} error details instead of ${expected.details.length}`);
  }
  for (const [index, detail] of expected.details.entries()) {
    const other = actual.details[index];
    if (other === undefined) break;
    const [wanted, got] = [detail, other].map((any) => anyUnpack(any, ConformancePayload_RequestInfoSchema));
    if (wanted !== undefined && got !== undefined) problems.push(...checkRequestInfo(wanted, got, true));
    else if (!same(detail, other)) problems.push(`error detail ${index} differs`);
  }
  return problems;
}

function checkPayloads(expected: readonly ConformancePayload[], actual: readonly ConformancePayload[]): string[] {
  const problems: string[] = [];
  if (expected.length !== actual.length) problems.push(`${actual.length} responses instead of ${expected.length}`);
  for (const [index, payload] of expected.entries()) {
    const other = actual[index];
    if (other === undefined) break;
    if (Buffer.compare(payload.data, other.data) !== 0) {
      problems.push(
        `response ${index} has the data ${Buffer.from(other.data).toString("hex")} instead of ${Buffer.from(payload.data).toString("hex")}`,
      );
    }
    problems.push(...checkRequestInfo(payload.requestInfo, other.requestInfo, index === 0));
  }
  return problems;
}

type Info = ConformancePayload_RequestInfo | undefined;

function checkRequestInfo(expected: Info, actual: Info, first: boolean): string[] {
  const problems: string[] = [];
  if (first) {
    problems.push(...checkHeaders("request header", expected?.requestHeaders ?? [], toFields(actual?.requestHeaders)));
    problems.push(...checkTimeout(expected?.timeoutMs, actual?.timeoutMs));
    const [wanted, got] = [expected, actual].map((info) => info?.connectGetInfo?.queryParams ?? []);
    if (wanted?.length && got?.length) problems.push(...checkHeaders("query parameter", wanted, toFields(got)));
  }
  const [wanted, got] = [expected?.requests ?? [], actual?.requests ?? []];
  if (wanted.length !== got.length) problems.push(`the server saw ${got.length} requests instead of ${wanted.length}`);
  for (const [index, request] of wanted.entries()) {
    const other = got[index];
    if (other !== undefined && !same(request, other)) problems.push(`the server saw another request ${index}`);
  }
  return problems;
}

function checkTimeout(expected: bigint | undefined, actual: bigint | undefined): string[] {
  if (expected === undefined) return actual === undefined ? [] : [`the server saw a timeout of ${actual} ms, but there is none`];
  if (actual === undefined) return [`the server saw no timeout instead of ${expected} ms`];
  const enough = actual <= expected && actual >= expected - BigInt(graceMs);
  return enough ? [] : [`the server saw a timeout of ${actual} ms instead of ${expected} ms`];
}

function same(one: Any, other: Any): boolean {
  const [a, b] = [one, other].map((any) => anyUnpack(any, registry));
  if (a === undefined || b === undefined || a.$typeName !== b.$typeName) return false;
  const schema = registry.getMessage(a.$typeName);
  return schema !== undefined && equals(schema, a, b);
}

function checkHeaders(what: string, expected: readonly Header[], actual: Fields): string[] {
  return expected.flatMap(({ name, value }) => {
    const values = actual.get(name.toLowerCase());
    if (values === undefined) return [`no ${what} ${name}`];
    const [wanted, got] = [value, values].map((list) => JSON.stringify(split(list)));
    return wanted === got ? [] : [`the ${what} ${name} is ${got} instead of ${wanted}`];
  });
}

/** The values of a field that may be joined with commas. */
function split(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(/ ?, ?/));
}

export function toFields(headers: readonly Header[] = []): Fields {
  return new Map(headers.map(({ name, value }) => [name.toLowerCase(), value]));
}

function merge(...lists: readonly Header[][]): Header[] {
  const all = lists.flat();
  const names = new Set(all.map(({ name }) => name.toLowerCase()));
  return [...names].map((name) => {
    const found = all.filter((header) => header.name.toLowerCase() === name);
    return { ...(found[0] as Header), name, value: found.flatMap(({ value }) => value) };
  });
}
