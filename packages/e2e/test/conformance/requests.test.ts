// The suite of connectrpc/conformance with invalid requests: how our server responds.
import { once } from "node:events";
import { connect } from "node:http2";
import { Code } from "@grpc-study/rpc";
import { describe, expect, test } from "vitest";
import { serveRpc } from "../harness/rpc-server.ts";
import type { RequestCase } from "./data/case.ts";
import { unexpectedRequests } from "./data/requests.ts";
import { toFrame, toHttp2Headers } from "./frames.ts";
import { isKnown } from "./known-failures.ts";
import { conformanceService } from "./service.ts";

const suite = "gRPC unexpected requests";

describe(suite, () => {
  for (const testCase of unexpectedRequests) {
    const known = isKnown(suite, testCase.name);
    test(known ? `${testCase.name}: a known failure` : testCase.name, { fails: known }, () => check(testCase));
  }
});

async function check({ verb = "POST", path, header = {}, frames, codes }: RequestCase): Promise<void> {
  await using server = await serveRpc([conformanceService]);
  const session = connect(`http://${server.address}`);
  try {
    const basic = { ":method": verb, ":path": path, "content-type": "application/grpc+proto", te: "trailers" };
    const stream = session.request({ ...basic, ...toHttp2Headers(header) }, { endStream: false });
    let status: unknown;
    const read = (headers: Readonly<Record<string, unknown>>) => {
      status = headers["grpc-status"] ?? status;
      // A client maps an HTTP status without a grpc-status to a code. Every status that a server
      // may send here maps to UNKNOWN.
      if (status === undefined && headers[":status"] !== 200) status = Code.UNKNOWN;
    };
    stream.on("response", read);
    stream.on("trailers", read);
    stream.resume();
    stream.end(Buffer.concat(frames.map(toFrame)));
    await once(stream, "close");
    expect(codes.map((code) => Code[code])).toContain(status === undefined ? "no grpc-status" : Code[Number(status)]);
  } finally {
    session.destroy();
  }
}
