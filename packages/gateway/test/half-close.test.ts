// Node's http2 client cancels an upload with a half-close and a reset a moment later. The upstream must
// not take half an upload for a whole one.
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { Calls, callsServer } from "./calls.ts";
import { startGateway } from "./gateway.ts";
import { data, endOfData, opening, requestHeader, reset } from "./http2-frames.ts";

const json = (text: string) => `\x00\x00\x00\x00${String.fromCharCode(text.length)}${text}`;
const rules = [{ selector: `${Calls.typeName}.Join`, pattern: { case: "post", value: "/v1/join" }, body: "*" }] as const;

test.each([
  ["Connect", `/${Calls.typeName}/Join`, "application/connect+json", json('{"text":"a"}')],
  ["a bidirectional stream of Connect", `/${Calls.typeName}/Chat`, "application/connect+json", json('{"text":"a"}')],
  ["gRPC-Web", `/${Calls.typeName}/Join`, "application/grpc-web+json", json('{"text":"a"}')],
  ["gRPC", `/${Calls.typeName}/Join`, "application/grpc", "\x00\x00\x00\x00\x03\x0a\x01a"],
  ["REST", "/v1/join", "application/x-ndjson", '{"text":"a"}\n'],
])("%s: a half-close and a reset after it cancel an upload", async (_name, path, type, message) => {
  const { implementation, seen } = callsServer();
  const { port } = await startGateway(implementation, { rules });
  // The reset must not wait for the acknowledgement of the half-close.
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  onTestFinished(() => void socket.destroy());
  const fields = { ":method": "POST", ":path": path, "content-type": type, "user-agent": "connect-es/2.1.0" };
  socket.write(Buffer.concat([opening, requestHeader(1, fields), data(1, message)]));
  // The call has begun.
  await vi.waitFor(() => expect(seen.metadata["x-request-id"]).toBeDefined());
  socket.write(endOfData(1));
  // Shorter than the server's wait. Both timers are of this process, so they keep their order.
  await delay(1);
  socket.write(reset(1, 8));
  await vi.waitFor(() => expect(seen.ends).toEqual(["CANCELLED"]));
});
