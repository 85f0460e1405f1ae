// The topics behind the gateways of these tests, and their services. Also runs in a browser.
import type { DescService } from "@bufbuild/protobuf";
import { Greeter as ChatGreeter } from "@grpc-study/proto/chat";
import { SayHello } from "@grpc-study/proto/hello";
import { SayHello as SayHelloStream } from "@grpc-study/proto/hello_stream";
import { Greeter } from "@grpc-study/proto/helloworld";
import { Greeter as PushGreeter } from "@grpc-study/proto/push";
import { OrderService, ProdService, UserService } from "@grpc-study/proto/shop";
import { Stream, StreamClient, StreamServer } from "@grpc-study/proto/streams";

/** The variant of hello that needs a token. */
export const helloWithToken = "hello with a token";

/** The services of each topic. */
export const servicesOf: Readonly<Record<string, readonly DescService[]>> = {
  chat: [ChatGreeter],
  hello: [SayHello],
  [helloWithToken]: [SayHello],
  "hello-stream": [SayHelloStream],
  helloworld: [Greeter],
  push: [PushGreeter],
  shop: [ProdService, OrderService, UserService],
  streams: [Stream, StreamClient, StreamServer],
};
