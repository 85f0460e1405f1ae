// The gRPC cases, with our server itself: what the gateway passes through without change.
import { createServer } from "@grpc-study/rpc";
import { limitBytes } from "../caller.ts";
import { conformanceService } from "../service.ts";
import { Cancellations } from "./cancellations.ts";
import { testConformance } from "./run.ts";

const reason = "the server speaks gRPC alone";

testConformance("our server", {
  async serve({ cert, key, ca }) {
    const cancellations = new Cancellations();
    const server = createServer({ interceptors: [cancellations.interceptor], limits: { maxReceiveMessageBytes: limitBytes } });
    server.add(conformanceService);
    const plaintext = await server.listen("127.0.0.1:0");
    const tls = await server.listen("127.0.0.1:0", { cert, key, clientCa: ca, clientCertificates: "optional" });
    return {
      cancellations,
      port: (_version, secure) => (secure ? tls.port : plaintext.port),
      async [Symbol.asyncDispose]() {
        await server.shutdown({ graceMs: 0 });
      },
    };
  },
  known: [],
  without: [
    { cases: "**/Protocol:PROTOCOL_CONNECT/**", reason },
    { cases: "**/Protocol:PROTOCOL_GRPC_WEB/**", reason },
    { cases: "Connect */**", reason },
    { cases: "gRPC-Web */**", reason },
    { cases: "**/HTTPVersion:1/**", reason },
    { cases: "**/Codec:CODEC_JSON/**", reason: "the server has the codec proto alone" },
    { cases: "**/Compression:COMPRESSION_BR/**", reason: "the server has no compression br" },
  ],
});
