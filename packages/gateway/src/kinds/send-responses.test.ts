// The body of a streaming response, and its formats.
import { create, type Message } from "@bufbuild/protobuf";
import { afterEach, expect, test, vi } from "vitest";
import { ThingSchema } from "../../test/gen/things_pb.js";
import type { HttpResponse } from "../http/message.ts";
import type { Route } from "../route.ts";
import { chooseFormat } from "./response-format.ts";
import type { RestExchange } from "./rest-exchange.ts";
import { sendResponses } from "./send-responses.ts";

afterEach(() => {
  vi.useRealTimers();
});

test("a quiet event stream sends a comment every 15 seconds, and requests one response at a time", async () => {
  vi.useFakeTimers();
  const pending: ((response: Message | undefined) => void)[] = [];
  const recv = () => new Promise<Message | undefined>((resolve) => pending.push(resolve));
  let text = "";
  const response: Partial<HttpResponse> = {
    closed: false,
    write: (chunk) => {
      text += chunk;
      return true;
    },
    end: () => {},
  };
  const sent = sendResponses({ response, settings: { hooks: {} }, start: () => {}, trailer: {} } as unknown as RestExchange, {
    responses: { recv, header: async () => {}, cancel: () => {}, [Symbol.dispose]: () => {} },
    first: recv(),
    route: { print: () => "{}" } as unknown as Route,
    format: chooseFormat("text/event-stream"),
    firstIndex: 0,
  });
  await vi.advanceTimersByTimeAsync(46_000);
  expect([text, pending.length]).toEqual([":\n\n:\n\n:\n\n", 1]);
  pending[0]?.(create(ThingSchema));
  await vi.advanceTimersByTimeAsync(1000);
  expect([text, pending.length]).toEqual([":\n\n:\n\n:\n\nid: 0\ndata: {}\n\n", 2]);
  await vi.advanceTimersByTimeAsync(16_000);
  pending[1]?.(undefined);
  await vi.advanceTimersByTimeAsync(30_000);
  await sent;
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
