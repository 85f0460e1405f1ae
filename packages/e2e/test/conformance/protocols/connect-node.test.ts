// connect-node as a server: proves the suites and the client of the tests without our code.
import { serveConnectEs } from "./connect-es.ts";
import { testConformance } from "./run.ts";

testConformance("a connect-node server", {
  serve: serveConnectEs,
  known: [
    { cases: "Connect Requests/**/wrong-version", reason: "connect-node ignores the version, unless each request must have one" },
    { cases: "Connect Requests/**/get/no-message", reason: "connect-node takes a missing message as an empty one" },
    { cases: "Connect Requests/**/unary/malformed-proto", reason: "connect-node answers with the code internal" },
  ],
  without: [
    { cases: "**/HTTPVersion:1/**/bidi-stream/**", reason: "connect-node answers bidirectional streams over HTTP/1.1 with 505" },
    { cases: "**/Text:true/**", reason: "connect-node has no text mode of gRPC-Web" },
    { cases: "**/TLS:true/**", reason: "it tests the tests, whose client is proven without TLS" },
  ],
});
