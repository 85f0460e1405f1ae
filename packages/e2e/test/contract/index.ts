// All topics, in the order of the tutorials.
import { chat } from "./chat.ts";
import { hello } from "./hello.ts";
import { helloStream } from "./hello_stream.ts";
import { helloworld } from "./helloworld.ts";
import { push } from "./push.ts";
import { shop } from "./shop.ts";
import { streams } from "./streams.ts";
import type { Topic } from "./topic.ts";

export const topics: readonly Topic[] = [chat, hello, helloStream, helloworld, streams, shop, push];
