// HTTP/1.0, where the end of the connection is the end of the body: an incomplete response must not
// end like a complete one.
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { Code, implement, RpcError } from "@grpc-study/rpc";
import { expect, onTestFinished, test } from "vitest";
import { startGateway } from "../../test/gateway.ts";
import { Things } from "../../test/gen/things_pb.js";

/** Sends a request of HTTP/1.0. Returns the end of the response, and the error of the connection. */
function get(port: number, target: string, headers = ""): Promise<{ readonly body: string; readonly error: string | undefined }> {
  const { promise, resolve } = Promise.withResolvers<{ readonly body: string; readonly error: string | undefined }>();
  const socket = connect(port, "127.0.0.1", () => socket.write(`GET ${target} HTTP/1.0\r\nhost: localhost\r\n${headers}\r\n`));
  let text = "";
  let error: string | undefined;
  socket.on("data", (data) => {
    text += data;
  });
  socket.on("error", ({ code }: NodeJS.ErrnoException) => {
    error = code;
  });
  socket.on("close", () => resolve({ body: text.slice(text.indexOf("\r\n\r\n") + 4), error }));
  return promise;
}

const array = "accept: application/json\r\n";

test.each(["listen", "a server of node:http"])("a stream that fails resets the connection, on %s", async (server) => {
  const { gateway, port: own } = await startGateway(
    implement(Things, {
      async *list({ fail }) {
        yield { int32Value: 1 };
        await new Promise((resolve) => setTimeout(resolve, 50));
        if (fail > 0) throw new RpcError(Code.NOT_FOUND, "no more");
      },
    }),
    { graceMs: 0 },
  );
  let port = own;
  if (server !== "listen") {
    const http = createServer(gateway.listener).listen(0, "127.0.0.1");
    onTestFinished(() => void http.close());
    await new Promise((resolve) => http.once("listening", resolve));
    ({ port } = http.address() as AddressInfo);
  }
  expect(await get(port, "/v1/list?count=1", array)).toEqual({ body: '[{"int32Value":1}]', error: undefined });
  const failed = await get(port, "/v1/list?count=1&fail=5", array);
  expect(failed.error).toBe("ECONNRESET");
  expect(failed.body).not.toContain("]");
});
