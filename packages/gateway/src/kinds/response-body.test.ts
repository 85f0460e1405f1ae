// The body of a streaming response, and its formats.
import type { Message } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import { afterEach, expect, test, vi } from "vitest";
import { ThingSchema } from "../../test/gen/things_pb.js";
import type { Route } from "../route.ts";
import { ResponseBody } from "./response-body.ts";
import { chooseFormat } from "./response-format.ts";

afterEach(() => {
  vi.useRealTimers();
});

test("a quiet event stream sends a comment every 15 seconds, and requests one response at a time", async () => {
  vi.useFakeTimers();
  const pending: ((response: Message | undefined) => void)[] = [];
  const recv = () => new Promise<Message | undefined>((resolve) => pending.push(resolve));
  const body = new ResponseBody({
    responses: { recv, header: async () => {}, cancel: () => {}, [Symbol.dispose]: () => {} },
    first: recv(),
    route: { print: () => "{}" } as unknown as Route,
    format: chooseFormat("text/event-stream"),
    firstIndex: 0,
    onError: () => "{}",
    onWaiting: () => {},
    onEnd: () => {},
  });
  let text = "";
  body.setEncoding("utf8").on("data", (data) => {
    text += data;
  });
  await vi.advanceTimersByTimeAsync(46_000);
  expect([text, pending.length]).toEqual([":\n\n:\n\n:\n\n", 1]);
  pending[0]?.(create(ThingSchema));
  await vi.advanceTimersByTimeAsync(1000);
  expect([text, pending.length]).toEqual([":\n\n:\n\n:\n\nid: 0\ndata: {}\n\n", 2]);
  await vi.advanceTimersByTimeAsync(16_000);
  pending[1]?.(undefined);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(text).toBe(":\n\n:\n\n:\n\nid: 0\ndata: {}\n\n:\n\nevent: end\nid: end\ndata: {}\n\n");
});

test.each([
  [undefined, "application/x-ndjson"],
  ["*/*", "application/x-ndjson"],
  ["text/event-stream", "text/event-stream"],
  ["application/json", "application/json"],
  ["application/json, text/plain, */*", "application/json"],
  ["text/event-stream;q=0.5, application/x-ndjson", "application/x-ndjson"],
  ["application/json;q=0, text/event-stream;q=0.1", "text/event-stream"],
  ["Text/Event-Stream; charset=utf-8", "text/event-stream"],
  ["application/jsonl", "application/x-ndjson"],
  [",;q=,=", "application/x-ndjson"],
])("Accept %s selects %s", (accept, contentType) => {
  expect(chooseFormat(accept).contentType).toBe(contentType);
});
