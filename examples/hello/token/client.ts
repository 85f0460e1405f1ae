// The hello client with a token: it adds user and token to the metadata of each call.
// Run it beside the server: node examples/hello/token/client.ts
import { SayHello } from "@grpc-study/proto/hello";
import { createClient, type PerRpcCredentials } from "@grpc-study/rpc";

// Go's PerRPCCredentials, with the same two members.
const credentials: PerRpcCredentials = {
  getRequestMetadata: () => ({ user: "xiaoming", token: "123321123" }),
  requireTransportSecurity: false, // with `true`, the call fails unless the channel uses TLS
};

const client = createClient(SayHello, process.argv[2] ?? "127.0.0.1:9093", { perRpcCredentials: credentials });

try {
  const { resMessage } = await client.sayHello({ messageName: "XiaoMing", messageLen: 1n });
  console.log(resMessage);
} catch (error) {
  console.error(`could not greet: ${error}`);
  process.exit(1);
}
