// errors.yaml: every status code, with a message, metadata and details, before and after responses.
import { Code } from "@grpc-study/rpc";
import type { CallCase } from "./case.ts";

const header = { "x-custom-header": ["foo"] };
const trailer = { "x-custom-trailer": ["bing"] };

const codes = Object.entries(Code).filter((entry): entry is [string, Code] => typeof entry[1] === "number" && entry[1] !== Code.OK);

const everyCode = (kind: "unary" | "server-stream"): CallCase[] =>
  codes.map(([name, code]) => {
    const words = name.toLowerCase().split("_");
    return { name: `${kind}/${words.join("-")}`, kind, answer: { error: { code, message: words.join(" ") } } };
  });

export const errors: readonly CallCase[] = [
  ...everyCode("unary"),
  {
    name: "unary/error-with-metadata",
    kind: "unary",
    answer: { header, error: { code: Code.INTERNAL, message: "unary failed" }, trailer },
  },
  {
    name: "unary/unicode-error-message",
    kind: "unary",
    answer: { error: { code: Code.INTERNAL, message: "service error: ユニコード 🤖 100%" } },
  },
  {
    name: "unary/error-with-details",
    kind: "unary",
    answer: { error: { code: Code.INTERNAL, message: "unary failed", details: ["first", "second"] } },
  },
  ...everyCode("server-stream"),
  {
    name: "server-stream/error-with-metadata",
    kind: "server-stream",
    answer: { header, error: { code: Code.INTERNAL, message: "server stream failed" }, trailer },
  },
  {
    name: "server-stream/error-with-responses",
    kind: "server-stream",
    answer: { header, responses: 2, error: { code: Code.INTERNAL, message: "server stream failed" }, trailer },
  },
  {
    name: "server-stream/error-with-no-responses",
    kind: "server-stream",
    answer: { header, error: { code: Code.INTERNAL, message: "server stream failed", details: ["detail"] }, trailer },
  },
  {
    name: "client-stream/error-one-request",
    kind: "client-stream",
    answer: { error: { code: Code.INTERNAL, message: "client stream failed" } },
  },
  {
    name: "client-stream/error-with-metadata",
    kind: "client-stream",
    answer: { header, error: { code: Code.INTERNAL, message: "client stream failed" }, trailer },
  },
  {
    name: "client-stream/error-multiple-requests",
    kind: "client-stream",
    requests: 3,
    answer: { error: { code: Code.INTERNAL, message: "client stream failed" } },
  },
  ...(["full-duplex", "half-duplex"] as const).flatMap((kind): CallCase[] => [
    {
      name: `bidi-stream/${kind}/error-with-responses`,
      kind,
      requests: 2,
      answer: { header, responses: 2, error: { code: Code.INTERNAL, message: "bidi stream failed" }, trailer },
    },
    {
      name: `bidi-stream/${kind}/error-no-responses`,
      kind,
      requests: 2,
      answer: { header, error: { code: Code.INTERNAL, message: "bidi stream failed", details: ["detail"] }, trailer },
    },
  ]),
];
