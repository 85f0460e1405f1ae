// A minimal client on node:http2.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import type { ConnectEcho } from "../echo-peer.ts";
import { exchanges, idle, requestFields } from "../exchange.ts";
import { headersOf, windowSize } from "./tuning.ts";

export const connect: ConnectEcho = async ({ port, ca }) => {
  const scheme = ca === null ? "http" : "https";
  const authority = `localhost:${port}`;
  const session = connectHttp2(`${scheme}://127.0.0.1:${port}`, {
    settings: { initialWindowSize: windowSize, enablePush: false },
    ...(ca !== null && { ca: readFileSync(ca), servername: "localhost" }),
  });
  session.on("error", () => {});
  await once(session, "remoteSettings");
  session.setLocalWindowSize(windowSize);
  const fieldsOf = (path: string) => ({ ":method": "POST", ":scheme": scheme, ":path": path, ":authority": authority, ...requestFields });
  const headers = new Map([...Object.values(exchanges), idle].map(({ path }) => [path, headersOf(fieldsOf(path))] as const));
  const open = (path: string) => session.request(headers.get(path));
  return {
    exchange({ path, request, response }, onEnd, onData) {
      const stream = open(path);
      let status: number | undefined;
      let grpcStatus: unknown;
      let received = 0;
      stream.on("response", (headers) => {
        status = headers[":status"];
      });
      stream.on("data", (chunk: Buffer) => {
        received += chunk.length;
        onData?.(chunk);
      });
      stream.on("trailers", (trailers) => {
        grpcStatus = trailers["grpc-status"];
      });
      stream.on("end", () => {
        if (status === 200 && grpcStatus === "0" && received === response.length) onEnd();
        else onEnd(new Error(`status ${status}, ${received} bytes, grpc-status ${grpcStatus}`));
      });
      stream.on("error", onEnd);
      stream.end(request);
    },
    async hold() {
      const stream = open(idle.path);
      stream.on("error", () => {});
      stream.write(idle.chunk);
      await once(stream, "data");
    },
    close: () => session.destroy(),
  };
};
