import { connect, constants, createServer, type OutgoingHttpHeaders } from "node:http2";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { everyKind, failureOf, kindNames, kinds, start } from "../../test/harness.ts";
import { Code } from "../index.ts";
import { type MetadataInit, toMetadata } from "./metadata.ts";
import { metadataFault } from "./metadata-rules.ts";

const one = [
  "connection",
  "content-length",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
  ":path",
];
const twice = ["authorization", "content-type", "etag", "user-agent"];
const faulty: readonly (readonly [string, Readonly<Record<string, string | readonly string[]>>])[] = [
  ...one.map((key) => [key, { [key]: "1" }] as const),
  ...twice.map((key) => [`${key}, twice`, { [key]: ["1", "2"] }] as const),
];

/** Some keys are never metadata. */
function faultOf(init: MetadataInit): string | undefined {
  try {
    return metadataFault(toMetadata(init));
  } catch (error) {
    return (error as Error).message;
  }
}

test.each(faulty)("%s: the fault names the key", (_, init) => {
  expect(faultOf(init)).toContain(`"${Object.keys(init)[0]}"`);
});

test("the rules cover every key that Node rejects", async () => {
  const server = createServer();
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => session.destroy());
  const rejects = (headers: OutgoingHttpHeaders) => {
    try {
      session.request(headers).on("error", () => {});
      return false;
    } catch {
      return true;
    }
  };
  const names = Object.entries(constants).filter(([name]) => name.startsWith("HTTP2_HEADER_"));
  expect(names.length).toBeGreaterThan(80);
  for (const [, name] of names) {
    const key = String(name);
    for (const values of [["1"], ["1", "2"]]) {
      if (key.startsWith(":") || !rejects({ [key]: values })) continue;
      expect(metadataFault(toMetadata({ [key]: values })), `${key} ${values.length}`).toBeDefined();
    }
  }
});

test.each(kindNames)("%s: in a request it fails the call, and the connection stays open", async (kind) => {
  const { client } = await start(everyKind(() => "fine"));
  for (const [name, metadata] of faulty) {
    const failure = await failureOf(kinds[kind](client, "", { metadata, timeoutMs: 5000 }));
    const message: unknown = expect.stringContaining(String(Object.keys(metadata)[0]));
    expect(failure, name).toMatchObject({ code: Code.INVALID_ARGUMENT, message });
  }
  expect(await kinds[kind](client, "", { timeoutMs: 5000 })).toMatchObject([{ text: "fine" }]);
});

test.each(kindNames)("%s: in a response it is a fault of the handler, and is reported", async (kind) => {
  let place: "header" | "trailer" = "header";
  let metadata: Readonly<Record<string, string | readonly string[]>> = {};
  const reported: unknown[] = [];
  const { client } = await start(
    everyKind((context) => {
      for (const [key, values] of Object.entries(metadata)) for (const value of [values].flat()) context[place].add(key, value);
      return "fine";
    }),
    { onError: (error) => reported.push(error) },
  );
  for (place of ["header", "trailer"] as const) {
    for ([, metadata] of faulty) {
      const failure = await failureOf(kinds[kind](client, "", { timeoutMs: 5000 }));
      expect(failure, `${place} ${Object.keys(metadata)[0]}`).toMatchObject({ code: Code.INTERNAL, message: "internal error" });
      expect(reported.splice(0)).toEqual([expect.objectContaining({ message: expect.stringContaining(String(Object.keys(metadata)[0])) })]);
    }
  }
});
