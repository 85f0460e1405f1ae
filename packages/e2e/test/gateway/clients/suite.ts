// The calls of every tutorial, for any client of the gateway.
import { hello } from "../../contract/hello.ts";
import { topics } from "../../contract/index.ts";
import type { Call } from "../../contract/topic.ts";
import type { CallInit } from "../../peers/call.ts";
import { helloWithToken } from "./topics.ts";

/** A call, and the answer that is expected. */
export interface TutorialCall extends Call, CallInit {
  /** The topic of its server. */
  readonly topic: string;
  /** The exact status message. Default: any. */
  readonly message?: string;
}

const user = { user: "xiaoming", token: "123321123" };
const [greeting] = hello.calls as [Call];
const refused = { ...greeting, topic: helloWithToken, responses: [], code: 16 } as const;

export const tutorialCalls: readonly TutorialCall[] = [
  ...topics.flatMap(({ name: topic, calls }) => calls.map((call) => ({ topic, ...call }))),
  { ...greeting, topic: helloWithToken, title: "SayHello accepts the token", metadata: user },
  { ...refused, title: "SayHello rejects a call without a token", message: "未传输Token" },
  { ...refused, title: "SayHello rejects a wrong token", metadata: { ...user, token: "1" }, message: "Token 不正确" },
];
