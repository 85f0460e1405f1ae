import { Stream, StreamClient, StreamServer } from "@grpc-study/proto/streams";
import type { Topic } from "./topic.ts";

const five = [0, 1, 2, 3, 4];

const listValue = {
  method: StreamServer.method.listValue,
  requests: [{ data: "stream server grpc " }],
  responses: five.map((n) => ({ stream_value: `stream server grpc ${n}` })),
};
const routeList = {
  method: StreamClient.method.routeList,
  requests: five.map((n) => ({ stream_data: `stream client rpc ${n}` })),
  responses: [{ value: "ok" }],
};
const conversations = {
  method: Stream.method.conversations,
  requests: five.map((n) => ({ question: `stream client rpc ${n}` })),
  responses: five.map((n) => ({ answer: `from stream server answer: the ${n + 1} question is stream client rpc ${n}` })),
};

const printed = {
  listValue: five.map((n) => `stream server grpc ${n}\n`).join(""),
  // protobuf-go omits a code of 0.
  routeList: 'value:"ok"\n',
  conversations: five.map((n) => `from stream server answer: the ${n + 1} question is stream client rpc ${n}\n`).join(""),
};

export const streams: Topic = {
  name: "streams",
  listeners: [{ port: 8000, security: "plaintext" }],
  definition: [
    "/StreamServer/ListValue server_streaming",
    "SimpleRequest{string data=1}",
    "StreamResponse{string stream_value=1}",
    "/StreamClient/RouteList client_streaming",
    "StreamRequest{string stream_data=1}",
    "SimpleResponse{int32 code=1; string value=2}",
    "/Stream/Conversations bidi_streaming",
    "StreamRequest{string question=1}",
    "StreamResponse{string answer=1}",
  ],
  calls: [
    { title: "ListValue sends five responses", ...listValue },
    {
      title: "ListValue counts without a prefix too",
      method: listValue.method,
      requests: [{}],
      responses: five.map((n) => ({ stream_value: `${n}` })),
    },
    { title: "RouteList reads all requests and returns ok", ...routeList },
    { title: "RouteList returns ok for a stream without requests", method: routeList.method, requests: [], responses: [{ value: "ok" }] },
    { title: "Conversations numbers the questions from 1", ...conversations },
    { title: "Conversations ends with OK after a half-close without questions", method: conversations.method, requests: [], responses: [] },
  ],
  commands: [
    { title: "prints five values", args: ["list-value"], exchanges: [listValue], stdout: printed.listValue },
    { title: "sends five items and prints the response", args: ["route-list"], exchanges: [routeList], stdout: printed.routeList },
    { title: "asks five questions, one by one", args: ["conversations"], exchanges: [conversations], stdout: printed.conversations },
    {
      title: "makes all three calls by default",
      args: [],
      exchanges: [listValue, routeList, conversations],
      stdout: printed.listValue + printed.routeList + printed.conversations,
    },
  ],
};
