// connect-node as a server: proves the suites and the client of the tests without our code.
import { serveConnectEs } from "./connect-es.ts";
import { testConformance } from "./run.ts";

testConformance("a connect-node server", {
  serve: serveConnectEs,
  known: [],
  without: [{ cases: "**/HTTPVersion:1/**/bidi-stream/**", reason: "connect-node answers bidirectional streams over HTTP/1.1 with 505" }],
});
