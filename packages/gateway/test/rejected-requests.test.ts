// Requests that the gateway's guards reject before a protocol sees them have errors in the form of their
// protocol: clients read the code and the message from it.
import { type IncomingHttpHeaders, request } from "node:http";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { Calls, callsServer } from "./calls.ts";
import { startGateway } from "./gateway.ts";

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

function post(port: number, path: string, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, method: "POST", path, headers }, (response) => {
      buffer(response).then((body) => {
        resolve({ status: response.statusCode, headers: response.headers, text: body.toString("latin1") });
      }, reject);
    });
    sent.on("error", reject).end();
  });
}

const base = `/${Calls.typeName}`;
const json = { "content-type": "application/json" };
const version = { ...json, "connect-protocol-version": "1" };

/** The form of an error in each protocol: the HTTP status, the content type, and the code and the message. */
const forms = {
  rest: (status: number, code: number, message: string) => [status, "application/json", `"code":${code},"message":"${message}`],
  connect: (status: number, _code: number, message: string, name: string) => [
    status,
    "application/json",
    `"code":"${name}","message":"${message}`,
  ],
  stream: (_status: number, _code: number, message: string, name: string) => [
    200,
    "application/connect+json",
    `{"error":{"code":"${name}","message":"${message}`,
  ],
  web: (_status: number, code: number, message: string) => [
    200,
    "application/grpc-web+proto",
    `grpc-status: ${code}\r\ngrpc-message: ${message}`,
  ],
} as const;

const requests = [
  ["REST", "/v1/nothing", json, forms.rest],
  ["Connect", `${base}/Echo`, json, forms.connect],
  ["Connect at an unknown path", `${base}/Nothing`, version, forms.connect],
  ["a stream of Connect", `${base}/Repeat`, { "content-type": "application/connect+json" }, forms.stream],
  ["gRPC-Web", `${base}/Echo`, { "content-type": "application/grpc-web+proto" }, forms.web],
] as const;

test.each(requests)(
  "%s: other hosts and pages of other sites are rejected in the form of the protocol",
  async (_name, path, headers, form) => {
    const { port } = await startGateway(callsServer().implementation, { allowedHosts: undefined });
    for (const [status, more, message] of [
      [421, { host: "evil.example" }, "the host"],
      [403, { origin: "https://evil.example" }, "pages of"],
    ] as const) {
      const answer = await post(port, path, { ...headers, ...more });
      const [expected, type, text] = form(status, 7, message, "permission_denied");
      expect(answer).toMatchObject({ status: expected, headers: { "content-type": type } });
      expect(answer.text).toContain(text);
    }
  },
);

// At such a path, nothing but the headers tells the protocol.
const explicit = requests.filter(([name]) => name !== "Connect");

test.each(explicit)(
  "%s: a path that is not percent-encoded UTF-8 is rejected in the form of the protocol",
  async (_name, _path, headers, form) => {
    const { port } = await startGateway(callsServer().implementation);
    const answer = await post(port, `${base}/%ff`, headers);
    const [status, type, text] = form(400, 3, "the path", "invalid_argument");
    expect(answer).toMatchObject({ status, headers: { "content-type": type } });
    expect(answer.text).toContain(text);
  },
);
