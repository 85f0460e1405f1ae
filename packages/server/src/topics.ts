// All topics, in the order of the tutorials.
import { chat } from "./chat/index.ts";
import { hello } from "./hello/index.ts";
import { helloStream } from "./hello_stream/index.ts";
import { helloworld } from "./helloworld/index.ts";
import { push } from "./push/index.ts";
import { shop } from "./shop/index.ts";
import { streams } from "./streams/index.ts";
import type { Topic } from "./topic.ts";

export const topics: readonly Topic[] = [chat, hello, helloStream, helloworld, streams, shop, push];
