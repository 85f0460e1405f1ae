// The gateway with its upstream over a socket: every protocol on one port.
import { serveGateway } from "./gateway.ts";
import { gatewayFailures, withoutInGrpc } from "./gateway-failures.ts";
import { testConformance } from "./run.ts";

testConformance("the gateway, its upstream over a socket", {
  serve: (tls) => serveGateway(tls, "over a socket"),
  known: gatewayFailures,
  // TLS to the clients is the same code whatever the upstream.
  without: [...withoutInGrpc, { cases: "**/TLS:true/**", reason: "tested in gateway.test.ts" }],
});
