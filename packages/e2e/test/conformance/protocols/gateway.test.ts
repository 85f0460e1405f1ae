// The gateway with its upstream in process: every protocol on one port.
import { serveGateway } from "./gateway.ts";
import { gatewayFailures, withoutInGrpc } from "./gateway-failures.ts";
import { testConformance } from "./run.ts";

testConformance("the gateway, its upstream in process", {
  serve: (tls) => serveGateway(tls, "in process"),
  known: gatewayFailures,
  without: withoutInGrpc,
});
