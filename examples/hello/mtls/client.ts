// The hello client over mutual TLS: it verifies the server's certificate and shows its own.
// `npx -y pnpm@12 certs` makes the files in certs/.
// Run it beside the server, from the root of the repository: node examples/hello/mtls/client.ts
import { SayHello } from "@grpc-study/proto/hello";
import { createClient } from "@grpc-study/rpc";

const client = createClient(SayHello, process.argv[2] ?? "127.0.0.1:9092", {
  tls: {
    ca: "certs/ca.pem", // Go's RootCAs
    cert: "certs/client.pem", // Go's Certificates
    key: "certs/client.key",
    serverName: "grpcstudy.com",
  },
});

try {
  const { resMessage } = await client.sayHello({ messageName: "XiaoMing", messageLen: 1n });
  console.log(resMessage);
} catch (error) {
  console.error(`could not greet: ${error}`);
  process.exit(1);
}
