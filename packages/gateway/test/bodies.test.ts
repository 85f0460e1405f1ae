// The body cases of grpc-httpjson-transcoding: the requests that bodies and paths produce.
import { type DescMessage, type MessageShape, toJson } from "@bufbuild/protobuf";
import { StructSchema } from "@bufbuild/protobuf/wkt";
import { implement } from "@grpc-study/rpc";
import { expect, test } from "vitest";
import { type BodyCase, bodyCases } from "./cases/bodies.ts";
import { startGateway } from "./gateway.ts";
import {
  BookSchema,
  Bookstore,
  CreateBookRequestSchema,
  GetShelfRequestSchema,
  ListShelvesResponseSchema,
  ShelfSchema,
} from "./gen/bookstore_pb.js";

test.each(bodyCases)("$name", async (bodyCase) => {
  const { status, requests } = await send(bodyCase);
  if (bodyCase.messages === undefined) expect(status).toBe(400);
  else expect({ status, requests }).toEqual({ status: 200, requests: bodyCase.messages });
});

async function send({ method, template, body = "", path, text }: BodyCase): Promise<{ status: number; requests: unknown[] }> {
  const requests: unknown[] = [];
  const one =
    <Desc extends DescMessage>(schema: Desc) =>
    (request: MessageShape<Desc>) => {
      requests.push(toJson(schema, request));
      return {};
    };
  const stream =
    <Desc extends DescMessage>(schema: Desc) =>
    async (all: AsyncIterable<MessageShape<Desc>>) => {
      for await (const request of all) requests.push(toJson(schema, request));
      return {};
    };
  const implementation = implement(Bookstore, {
    putShelf: one(ShelfSchema),
    putBook: one(BookSchema),
    createBook: one(CreateBookRequestSchema),
    getShelf: one(GetShelfRequestSchema),
    putStruct: one(StructSchema),
    streamShelves: stream(ShelfSchema),
    streamBooks: stream(BookSchema),
    streamCreateBooks: stream(CreateBookRequestSchema),
    streamLists: stream(ListShelvesResponseSchema),
  });
  const selector = `google.grpc.transcoding.Bookstore.${method}`;
  const { url } = await startGateway(implementation, { rules: [{ selector, pattern: { case: "post", value: template }, body }] });
  const response = await fetch(url + path, {
    method: "POST",
    ...(text !== "" && { body: text, headers: { "content-type": "application/json" } }),
  });
  await response.arrayBuffer();
  return { status: response.status, requests };
}
