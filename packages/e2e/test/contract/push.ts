import assert from "node:assert/strict";
import { Greeter } from "@grpc-study/proto/push";
import type { Topic } from "./topic.ts";

const { getStream, putStream, allStream } = Greeter.method;

const times = <T>(count: number, value: T) => Array.from({ length: count }, () => value);

export const push: Topic = {
  name: "push",
  listeners: [{ port: 50052, security: "plaintext" }],
  definition: [
    "/Greeter/GetStream server_streaming",
    "/Greeter/PutStream client_streaming",
    "/Greeter/AllStream bidi_streaming",
    "StreamReqData{string data=1}",
    "StreamResData{string data=1}",
  ],
  calls: [
    {
      title: "GetStream pushes the time at once, and then once a second",
      method: getStream,
      requests: [{ data: "aaa" }],
      responses: (responses) => {
        const [first = 0, second = 0] = responses.map(({ data }) => Number(data));
        assert(Math.abs(first - Date.now() / 1000) < 60, `${first} is not the current time`);
        assert(second - first <= 3, `${second} is more than 3 seconds after ${first}`);
      },
      take: 2,
    },
    {
      title: "PutStream returns the number of requests",
      method: putStream,
      requests: times(3, { data: "ss" }),
      responses: [{ data: "3" }],
    },
    { title: "PutStream accepts a stream without requests", method: putStream, requests: [], responses: [{ data: "0" }] },
    {
      title: "AllStream pushes ssss and ends with OK after a half-close",
      method: allStream,
      requests: times(2, { data: "ssss" }),
      responses: (responses) => {
        const texts = responses.map(({ data }) => data);
        assert.deepEqual([...new Set(texts)], ["ssss"]);
      },
    },
  ],
  commands: [
    {
      title: "prints each message in Go's text format",
      args: ["get"],
      exchanges: [{ method: getStream, requests: [{ data: "aaa" }], responses: [{ data: "1637489157" }, { data: "1637489158" }] }],
      stdout: 'data:"1637489157"\ndata:"1637489158"\n',
      othersOnly: true,
    },
    {
      title: "pushes ten messages by default",
      args: ["put", "--interval", "1"],
      exchanges: [{ method: putStream, requests: times(10, { data: "ss" }), responses: [{ data: "10" }] }],
      stdout: 'data:"10"\n',
    },
    {
      title: "pushes and prints at the same time",
      args: ["all", "--count", "3", "--interval", "1"],
      exchanges: [{ method: allStream, requests: times(3, { data: "ssss" }), responses: times(3, { data: "ssss" }) }],
      stdout: 'data:"ssss"\ndata:"ssss"\ndata:"ssss"\n',
      othersOnly: true,
    },
  ],
};
