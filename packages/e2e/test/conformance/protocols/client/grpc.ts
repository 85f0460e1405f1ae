// gRPC over HTTP/2 and gRPC-Web, as their specifications describe them.
import { fromBinary } from "@bufbuild/protobuf";
import { Code } from "../../../../gen/connectrpc/conformance/v1/config_pb.js";
import { ErrorSchema } from "../../../../gen/connectrpc/conformance/v1/service_pb.js";
import type { CallError, Fields } from "../result.ts";
import { compress, decompress, encodingNames, envelope, readEnvelopes } from "./envelope.ts";
import { add, ConnectionFailure } from "./http.ts";
import { codeOfStatus, type Encoding, type Ending, failed, first, type Wire } from "./protocol.ts";

const trailerFlag = 0x80;

export function grpc(encoding: Encoding, protocol: "grpc" | "grpc-web" | "grpc-web-text"): Wire {
  const name = encodingNames[encoding.compression] ?? "identity";
  const contentType = `application/${protocol}`;
  const web = protocol !== "grpc";
  const text = protocol === "grpc-web-text";
  return {
    headers() {
      const headers: Fields = new Map();
      add(headers, "content-type", `${contentType}+${encoding.codec}`);
      if (name !== "identity") add(headers, "grpc-encoding", name);
      add(headers, "grpc-accept-encoding", name);
      if (encoding.timeoutMs !== undefined) add(headers, "grpc-timeout", `${encoding.timeoutMs}m`);
      if (web) add(headers, "x-grpc-web", "1");
      else add(headers, "te", "trailers");
      if (text) add(headers, "accept", contentType);
      return headers;
    },
    encode(message) {
      const bytes = envelope(name === "identity" ? 0 : 1, compress(message, name));
      return text ? Buffer.from(Buffer.from(bytes).toString("base64")) : bytes;
    },
    async *decode(head, body, trailers, ending) {
      for (const [key, values] of head.headers) ending.header.set(key, values);
      const type = first(head.headers, "content-type") ?? "";
      if (head.status !== 200 || !(type === contentType || type.startsWith(`${contentType}+`))) {
        for await (const _ of body);
        const code = head.status === 200 ? Code.UNKNOWN : codeOfStatus(head.status);
        ending.error = failed(code, `the response has the status ${head.status} and the content type ${type}`);
        return;
      }
      const coding = first(head.headers, "grpc-encoding");
      let last: Fields | undefined;
      for await (const { flags, data } of readEnvelopes(text ? fromBase64(body) : body)) {
        if (last !== undefined) ending.feedback.push("something follows the trailers");
        const bytes = (flags & 1) === 0 ? data : decompress(data, coding);
        if (web && (flags & trailerFlag) !== 0) last = readTrailers(bytes, ending.feedback);
        else yield bytes;
      }
      if (web && trailers().size > 0) ending.feedback.push("the response has HTTP trailers");
      if (!web && trailers().size > 0) last = trailers();
      // Without trailers, the header has the status.
      last ??= head.headers;
      for (const [key, values] of last) ending.trailer.set(key, values);
      ending.error = readStatus(last, ending);
    },
  };
}

/** Decodes base64 whose parts may each have padding. */
async function* fromBase64(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let rest = "";
  for await (const chunk of body) {
    rest += Buffer.from(chunk).toString("latin1");
    const whole = rest.slice(0, rest.length - (rest.length % 4));
    rest = rest.slice(whole.length);
    for (const [part] of whole.matchAll(/[^=]+=*/g)) yield Buffer.from(part, "base64");
  }
  if (rest !== "") throw new ConnectionFailure(Code.INTERNAL, "the response ends inside base64");
}

function readTrailers(bytes: Uint8Array, feedback: string[]): Fields {
  const fields: Fields = new Map();
  const text = Buffer.from(bytes).toString("latin1");
  if (!text.endsWith("\r\n")) feedback.push("the trailers do not end with CRLF");
  for (const line of text.split("\r\n")) {
    if (line === "") continue;
    const colon = line.indexOf(":");
    const name = line.slice(0, colon);
    if (colon < 1 || !/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name)) feedback.push(`the trailer "${line}" has no name in lower case`);
    add(fields, name, line.slice(colon + 1).trim());
  }
  return fields;
}

function readStatus(fields: Fields, { feedback }: Ending): CallError | undefined {
  const status = fields.get("grpc-status");
  if (status === undefined) return failed(Code.INTERNAL, "the response has no grpc-status");
  if (status.length > 1) feedback.push("grpc-status is there more than once");
  const code = Number(status[0]);
  const message = decodeURIComponent(first(fields, "grpc-message") ?? "");
  if (code === 0) {
    if (message !== "") feedback.push("grpc-message is not empty for a success");
    return undefined;
  }
  if (!Number.isInteger(code) || Code[code] === undefined) feedback.push(`grpc-status is ${status[0]}`);
  const encoded = first(fields, "grpc-status-details-bin");
  if (encoded === undefined) return failed(code, message);
  if (/[^A-Za-z0-9+/=]/.test(encoded)) feedback.push("grpc-status-details-bin is not base64");
  // The message has the fields of google.rpc.Status.
  const details = fromBinary(ErrorSchema, Buffer.from(encoded, "base64"));
  if (details.code !== code) feedback.push(`grpc-status-details-bin has the code ${details.code}, grpc-status ${code}`);
  if ((details.message ?? "") !== message)
    feedback.push(`grpc-status-details-bin has the message "${details.message}", grpc-message "${message}"`);
  return { code, message, details: details.details };
}
