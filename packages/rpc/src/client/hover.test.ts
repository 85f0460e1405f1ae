// Editors show short types for a client: messages by name, without their descriptors.
import { expect, onTestFinished, test } from "vitest";
import { Editor } from "../../test/editor.ts";

const file = `import { createClient } from "../src/index.ts";
import { TestService } from "./gen/test_pb.js";
const client = createClient(TestService, "localhost:1");
client.unary;
client.serverStream;
client.clientStream;
client.bidiStream;
const response = client.unary({ text: "" });
const responses = client.serverStream({ text: "" });
const upload = client.clientStream();
const sum = client.clientStream([]);
const chat = client.bidiStream();
const answers = client.bidiStream([]);
const received = await responses.recv();
for await (const one of responses) one;
`;

const shown: readonly (readonly [name: string, what: string])[] = [
  ["unary;", "(property) unary: (request: MessageInit<Request>, options?: CallOptions) => Promise<Response>"],
  ["serverStream;", "(property) serverStream: (request: MessageInit<Request>, options?: CallOptions) => ResponseStream<Response>"],
  [
    "clientStream;",
    `(property) clientStream: {
    (requests: Requests<Request>, options?: CallOptions): Promise<Response>;
    (options?: CallOptions): ClientStreamCall<Request, Response>;
}`,
  ],
  [
    "bidiStream;",
    `(property) bidiStream: {
    (requests: Requests<Request>, options?: CallOptions): ResponseStream<Response>;
    (options?: CallOptions): BidiStreamCall<Request, Response>;
}`,
  ],
  ["response =", "const response: Promise<Response>"],
  ["responses =", "const responses: ResponseStream<Response>"],
  ["upload =", "const upload: ClientStreamCall<Request, Response>"],
  ["sum =", "const sum: Promise<Response>"],
  ["chat =", "const chat: BidiStreamCall<Request, Response>"],
  ["answers =", "const answers: ResponseStream<Response>"],
  ["received =", "const received: Response | undefined"],
  ["one of", "const one: Response"],
];

test("methods, streams and messages have short types", { timeout: 120_000 }, async () => {
  const editor = await Editor.open("test/untitled.ts", file);
  onTestFinished(() => editor[Symbol.dispose]());
  for (const [name, what] of shown) expect(await editor.hover(name), name).toBe(what);
});
