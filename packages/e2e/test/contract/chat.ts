import { Greeter } from "@grpc-study/proto/chat";
import type { Topic } from "./topic.ts";

const { bidiHello } = Greeter.method;

const tutorial = {
  method: bidiHello,
  requests: [{ name: "1" }, { name: "我是谁？" }, { name: "你好么？" }, { name: "你好" }],
  responses: [{ reply: "1" }, { reply: "我是谁!" }, { reply: "我好么!" }, { reply: "我好" }],
};
const printed = "AI：1\nAI：我是谁!\nAI：我好么!\nAI：我好\n";

export const chat: Topic = {
  name: "chat",
  listeners: [{ port: 8972, security: "plaintext" }],
  definition: [
    "/pb.Greeter/BidiHello bidi_streaming",
    "pb.HelloRequest{string name=1}",
    "pb.HelloResponse{string reply=1}",
    // Not of the tutorial.
    "/chat.Rooms/Join server_streaming",
    "/chat.Rooms/Say unary",
    "/chat.Rooms/History unary",
    "/chat.Rooms/Members unary",
    "chat.JoinRequest{string room=1; string user=2; int64 after=3; int32 last=4}",
    "chat.JoinResponse{chat.Present present=1; string joined=2; string left=3; chat.ChatMessage message=4}",
    "chat.Present{repeated string users=1; int64 position=2}",
    "chat.ChatMessage{int64 position=1; google.protobuf.Timestamp time=2; string user=3; string text=4; string id=5}",
    "chat.SayRequest{string room=1; string user=2; string text=3; string id=4}",
    "chat.SayResponse{int64 position=1}",
    "chat.HistoryRequest{string room=1; int32 page_size=2; string page_token=3}",
    "chat.HistoryResponse{repeated chat.ChatMessage messages=1; string next_page_token=2}",
    "chat.MembersRequest{string room=1}",
    "chat.MembersResponse{repeated string users=1}",
  ],
  calls: [
    { title: "BidiHello answers the tutorial's conversation", ...tutorial },
    {
      title: "BidiHello replaces every occurrence",
      method: bidiHello,
      requests: [{ name: "吗吧吗" }, { name: "你你？?你吗？吧" }, {}],
      responses: [{}, { reply: "我我!!我!" }, {}],
    },
    { title: "BidiHello ends with OK after a half-close without requests", method: bidiHello, requests: [], responses: [] },
  ],
  commands: [
    {
      title: "sends trimmed lines until quit, in any case, and skips blank ones",
      args: [],
      stdin: "1\n  我是谁？\t\n\n   \n你好么？\r\n你好\nQuIt\nnever sent\n",
      exchanges: [tutorial],
      stdout: printed,
    },
    {
      title: "quits at the end of input, even in the middle of a line",
      args: ["--deadline", "1m"],
      stdin: "1\n我是谁？\n你好么？\n你好",
      exchanges: [tutorial],
      stdout: printed,
    },
    {
      title: "prints nothing for empty input",
      args: [],
      stdin: "",
      exchanges: [{ method: bidiHello, requests: [], responses: [] }],
      stdout: "",
    },
  ],
};
