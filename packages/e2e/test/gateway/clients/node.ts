// The clients for Node, from npm: connect-node, over HTTP/1.1 and HTTP/2, and grpc-js.
import type { Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { callWithLoader } from "../../peers/proto-loader.ts";
import { allKinds, type WebClient } from "./client.ts";
import { callWithTransport } from "./connect.ts";

interface NodeOptions {
  readonly baseUrl: string;
  readonly useBinaryFormat: boolean;
}
type Create = (options: NodeOptions & ({ httpVersion: "1.1" } | { httpVersion: "2"; sessionManager: Http2SessionManager })) => Transport;

const protocols: readonly (readonly [name: string, create: Create, versions: readonly ("1.1" | "2")[]])[] = [
  ["Connect", createConnectTransport, ["1.1", "2"]],
  ["gRPC-Web", createGrpcWebTransport, ["1.1", "2"]],
  ["gRPC", createGrpcTransport, ["2"]],
];

const connectNode = protocols.flatMap(([protocol, create, versions]) =>
  versions.flatMap((httpVersion) =>
    // gRPC with JSON messages is not defined, and the upstream would refuse it.
    (protocol === "gRPC" ? [true] : [true, false]).map(
      (useBinaryFormat): WebClient => ({
        name: `connect-node, ${protocol} ${useBinaryFormat ? "binary" : "JSON"}, HTTP/${httpVersion}`,
        kinds: allKinds,
        async call(baseUrl, call) {
          if (httpVersion === "1.1") return await callWithTransport(create({ baseUrl, useBinaryFormat, httpVersion }), call);
          const sessionManager = new Http2SessionManager(baseUrl);
          try {
            return await callWithTransport(create({ baseUrl, useBinaryFormat, httpVersion, sessionManager }), call);
          } finally {
            sessionManager.abort();
          }
        },
      }),
    ),
  ),
);

const grpcJs: WebClient = {
  name: "grpc-js and proto-loader",
  kinds: allKinds,
  call: (url, call) => callWithLoader(new URL(url).host, call),
};

export const nodeClients: readonly WebClient[] = [...connectNode, grpcJs];
