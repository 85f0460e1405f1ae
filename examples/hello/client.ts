// The hello client: one request, one response, over plaintext.
// Run it beside the server: node examples/hello/client.ts
import { SayHello } from "@grpc-study/proto/hello";
import { createClient } from "@grpc-study/rpc";

const client = createClient(SayHello, process.argv[2] ?? "127.0.0.1:9090");

try {
  // messageLen is an int64, which is a bigint in TypeScript.
  const { resMessage } = await client.sayHello({ messageName: "XiaoMing", messageLen: 1n });
  console.log(resMessage);
} catch (error) {
  console.error(`could not greet: ${error}`);
  process.exit(1);
}
