// The hello-stream client: sends and receives by hand, as Go does with Send, Recv and CloseSend.
// Run it beside the server: node examples/hello-stream/client.ts
import { SayHello } from "@grpc-study/proto/hello_stream";
import { createClient } from "@grpc-study/rpc";

const client = createClient(SayHello, process.argv[2] ?? "127.0.0.1:10001");

try {
  const stream = client.sayHello();
  await stream.send({ messageName: "zhc", messageLen: 0n });
  const response = await stream.recv(); // `undefined` at the end, where Go returns io.EOF
  console.log("接受服务端的resp:", response?.resMessage);
  stream.closeSend();
} catch (error) {
  console.error(`the stream failed: ${error}`);
  process.exit(1);
}
