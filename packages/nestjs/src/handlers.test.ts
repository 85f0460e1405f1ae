import { describe, expect, test } from "vitest";
import { NoteService } from "../example/gen/notes/v1/notes_pb.js";
import { NoteService as OtherNoteService } from "../example/gen/other/v1/notes_pb.js";
import { isGrpcPattern, type PatternHandler, servicesOf } from "./handlers.ts";

const handlerOf = (service: string, rpc: string, streaming: PatternHandler["streaming"] = "no_stream"): PatternHandler => ({
  service,
  rpc,
  streaming,
  handler: async () => ({}),
});

const match = (handlers: PatternHandler[], services = [NoteService]) => {
  const missing: string[] = [];
  const found = servicesOf(services, handlers, (message) => missing.push(message));
  return { names: found.map(({ service, handlers }) => `${service.typeName}: ${Object.keys(handlers).join(" ")}`), missing };
};

test("a handler has the name of its service with or without the package", () => {
  const { names, missing } = match([handlerOf("NoteService", "Get"), handlerOf("notes.v1.NoteService", "List")]);
  expect(names).toEqual(["notes.v1.NoteService: get list"]);
  expect(missing).toEqual(["notes.v1.NoteService: no handler for Import, Chat"]);
});

test("handlers of streams of requests have either decorator", () => {
  const { names } = match([handlerOf("NoteService", "Import", "rx_stream"), handlerOf("NoteService", "Chat", "pt_stream")]);
  expect(names).toEqual(["notes.v1.NoteService: import chat"]);
});

describe("a TypeError says that", () => {
  test.each([
    [
      "no service has the name",
      [handlerOf("NoteController", "Get")],
      /@GrpcMethod\("NoteController", "Get"\) matches no method: the services are notes\.v1\.NoteService/,
    ],
    ["no method has the name", [handlerOf("NoteService", "get")], /@GrpcMethod\("NoteService", "get"\) matches no method/],
    ["a method streams requests", [handlerOf("NoteService", "Chat")], /Chat streams requests: use @GrpcStreamMethod or @GrpcStreamCall/],
    ["a method has one request", [handlerOf("NoteService", "List", "rx_stream")], /List has one request: use @GrpcMethod/],
    [
      "a method has two handlers",
      [handlerOf("NoteService", "Get"), handlerOf("notes.v1.NoteService", "Get")],
      /\/notes\.v1\.NoteService\/Get has two handlers/,
    ],
    ["a service has no handler", [], /no controller has a handler for notes\.v1\.NoteService/],
  ])("%s", (_what, handlers, message) => {
    expect(() => match(handlers)).toThrow(message);
  });

  test("a name without a package stands for two services", () => {
    const services = [NoteService, OtherNoteService as never];
    expect(() => match([handlerOf("NoteService", "Get")], services)).toThrow(
      '@GrpcMethod("NoteService", "Get") matches notes.v1.NoteService and other.v1.NoteService: add the package',
    );
    expect(match([handlerOf("notes.v1.NoteService", "Get"), handlerOf("other.v1.NoteService", "Get")], services).names).toHaveLength(2);
  });
});

test("patterns of other transports are not patterns of gRPC", () => {
  expect(["orders", null, 7, { cmd: "sum" }].map(isGrpcPattern)).toEqual([false, false, false, false]);
});
