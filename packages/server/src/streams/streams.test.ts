import { Stream, StreamClient, StreamServer } from "@grpc-study/proto/streams";
import { createClient } from "@grpc-study/rpc";
import { expect, test } from "vitest";
import { recordLog, serveServices } from "../../test/serve-services.ts";
import { noSources } from "../sources.ts";
import { streams } from "./index.ts";

test("ListValue responds with five values, numbered from 0", async () => {
  const client = createClient(StreamServer, await serveServices(...streams.services(recordLog().log, noSources)));
  const values = await Array.fromAsync(client.listValue({ data: "stream server grpc " }), ({ streamValue }) => streamValue);
  expect(values).toEqual([0, 1, 2, 3, 4].map((n) => `stream server grpc ${n}`));
});

test("RouteList logs each request and answers ok after the last one", async () => {
  const { log, messages } = recordLog();
  const client = createClient(StreamClient, await serveServices(...streams.services(log, noSources)));
  const reply = await client.routeList([{ streamData: "stream client rpc 0" }, { streamData: "stream client rpc 1" }]);
  expect(reply).toMatchObject({ code: 0, value: "ok" });
  expect(messages()).toEqual(["stream client rpc 0", "stream client rpc 1"]);
});

test("RouteList answers ok to an empty stream", async () => {
  const client = createClient(StreamClient, await serveServices(...streams.services(recordLog().log, noSources)));
  expect(await client.routeList([])).toMatchObject({ code: 0, value: "ok" });
});

test("Conversations logs each question and answers it, numbered from 1, before the next one", async () => {
  const { log, messages } = recordLog();
  const client = createClient(Stream, await serveServices(...streams.services(log, noSources)));
  const call = client.conversations();
  for (const n of [1, 2]) {
    await call.send({ question: `q${n}` });
    expect((await call.recv())?.answer).toBe(`from stream server answer: the ${n} question is q${n}`);
  }
  call.closeSend();
  expect(await call.recv()).toBeUndefined();
  expect(messages()).toEqual(["from stream client question: q1", "from stream client question: q2"]);

  const another = client.conversations([{ question: "q" }]);
  expect((await another.recv())?.answer, "each call counts for itself").toContain("the 1 question");
});
