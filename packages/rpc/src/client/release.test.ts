import type { ClientHttp2Stream } from "node:http2";
import { Metadata } from "@grpc/grpc-js";
import { expect, onTestFinished, test } from "vitest";
import { startServer, until } from "../../test/harness.ts";
import { createChannel } from "./channel.ts";
import { type Layers, release } from "./release.ts";

test("when a call has ended, neither its stream nor what has that refers to its listener", async () => {
  const { address } = await startServer({ unary: ({ text }) => ({ text }) });
  const channel = createChannel(address);
  onTestFinished(() => channel.close());
  const raw = channel.grpc.createCall("/test.v1.TestService/Unary", Number.POSITIVE_INFINITY, undefined, null, undefined);
  const statuses: number[] = [];
  let stream: ClientHttp2Stream | undefined;
  const subchannelCall = () => (raw as Layers).child?.underlyingCalls?.[0]?.call?.child;
  raw.start(new Metadata(), {
    onReceiveMetadata() {
      stream = subchannelCall()?.http2Stream;
      expect(stream?.listenerCount("data")).toBe(1);
    },
    onReceiveMessage: () => raw.startRead(),
    onReceiveStatus({ code }) {
      statuses.push(code);
      release(raw);
    },
  });
  raw.startRead();
  raw.sendMessageWithContext({}, Buffer.alloc(0));
  raw.halfClose();
  await until(() => stream?.destroyed === true && stream.listenerCount("data") === 0);
  expect(statuses).toEqual([0]);
  expect(stream?.eventNames()).toEqual(["error"]);
  expect(Object.keys(subchannelCall()?.listener ?? {})).toEqual(["onReceiveMetadata", "onReceiveMessage", "onReceiveStatus"]);
});
