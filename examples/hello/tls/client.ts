// The hello client over TLS: it verifies the server's certificate.
// `npx -y pnpm@12 certs` makes the files in certs/.
// Run it beside the server, from the root of the repository: node examples/hello/tls/client.ts
import { SayHello } from "@grpc-study/proto/hello";
import { createClient } from "@grpc-study/rpc";

// As Go's NewClientTLSFromFile: the CA to trust, and the name that the certificate must contain.
const client = createClient(SayHello, process.argv[2] ?? "127.0.0.1:9091", {
  tls: { ca: "certs/ca.pem", serverName: "grpcstudy.com" },
});

try {
  const { resMessage } = await client.sayHello({ messageName: "XiaoMing", messageLen: 1n });
  console.log(resMessage);
} catch (error) {
  console.error(`could not greet: ${error}`);
  process.exit(1);
}
