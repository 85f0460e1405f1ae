// The chat as a chat: the reader's lines on one side, the server's replies on the other.
import "./chat.css";
import { useEffect, useMemo, useState } from "preact/hooks";
import { language } from "../../i18n/index.ts";
import { useFollow } from "../../ui/use-follow.ts";
import { openCall } from "../calls.ts";
import { SendLine } from "../send-line.tsx";
import { Conversation, type Line } from "./conversation.ts";
import type { ChatMethods } from "./methods.ts";
import { tc } from "./texts.ts";

/** The lines of the tutorial. */
const suggestions = ["我是谁？", "你好么？", "你吃了吗？"];

export function ChatView({ methods }: { readonly methods: ChatMethods }) {
  const conversation = useMemo(() => new Conversation({ open: (listener) => openCall(methods.BidiHello, listener) }), []);
  useEffect(() => {
    // The network is back, or the reader is: the next attempt need not wait.
    const wake = () => conversation.state.value.kind === "waiting" && !document.hidden && conversation.connect();
    addEventListener("online", wake);
    document.addEventListener("visibilitychange", wake);
    return () => {
      removeEventListener("online", wake);
      document.removeEventListener("visibilitychange", wake);
      conversation.close();
    };
  }, []);
  return (
    <section class="chat">
      <p class="hint">{tc("intro")}</p>
      <Lines conversation={conversation} />
      <Connection conversation={conversation} />
      <Composer conversation={conversation} />
    </section>
  );
}

interface Props {
  readonly conversation: Conversation;
}

function Lines({ conversation }: Props) {
  const lines = conversation.lines.value;
  const isReplying = conversation.state.value.kind === "open" && conversation.unanswered.length > 0;
  const scroller = useFollow<HTMLDivElement>(`${lines.at(-1)?.id} ${isReplying}`, lines.at(-1)?.from === "me");
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take the focus
    <div class="chat-lines" role="log" aria-label={tc("conversation")} tabIndex={0} ref={scroller}>
      {lines.length === 0 && <p class="hint">{tc("empty")}</p>}
      {lines.map((line) => (
        <Bubble key={line.id} line={line} />
      ))}
      {isReplying && (
        <p class="bubble server typing">
          <span class="visually-hidden">{tc("typing")}</span>
          <i aria-hidden="true" />
          <i aria-hidden="true" />
          <i aria-hidden="true" />
        </p>
      )}
    </div>
  );
}

function Bubble({ line: { from, text, at, isAnswered, hasFailed } }: { readonly line: Line }) {
  return (
    <p class={`bubble ${from}`}>
      <span class="visually-hidden">{tc(from)}: </span>
      <span class="bubble-text" dir="auto">
        {text}
      </span>{" "}
      <small>
        <time dateTime={at.toISOString()}>{at.toLocaleTimeString(language.value, { timeStyle: "short" })}</time>
        {!isAnswered && ` · ${tc(hasFailed ? "failed" : "unanswered")}`}
      </small>
    </p>
  );
}

function Connection({ conversation }: Props) {
  const state = conversation.state.value;
  const seconds = useSecondsUntil(state.kind === "waiting" ? state.at : undefined);
  return (
    <div class={`chat-connection ${state.kind}`}>
      <p role="status">
        {state.kind === "open" && tc("open")}
        {state.kind === "ended" && tc("ended", `${state.status.code} ${state.status.message}`.trim())}
        {state.kind === "waiting" && `${tc("waiting", state.status.code, seconds)} ${tc("resend")}`}
      </p>
      {state.kind !== "open" && (
        <button type="button" onClick={() => conversation.connect()}>
          {tc("connect")}
        </button>
      )}
    </div>
  );
}

/** Whole seconds until a time in milliseconds since 1970. */
function useSecondsUntil(at: number | undefined): number {
  const [, setTick] = useState(0);
  useEffect(() => {
    if (at === undefined) return;
    const timer = setInterval(() => setTick((tick) => tick + 1), 1000);
    return () => clearInterval(timer);
  }, [at]);
  return at === undefined ? 0 : Math.max(0, Math.ceil((at - Date.now()) / 1000));
}

function Composer({ conversation }: Props) {
  const say = (text: string) => {
    const line = text.trim();
    if (line !== "") conversation.say(line);
    return line !== "";
  };
  return (
    <>
      <SendLine class="chat-composer" label={tc("line")} placeholder={tc("placeholder")} button={tc("say")} onSend={say} />
      <p class="chat-suggestions">
        <span class="hint">{tc("try")}</span>
        {suggestions.map((line) => (
          <button key={line} type="button" lang="zh-CN" onClick={() => conversation.say(line)}>
            {line}
          </button>
        ))}
      </p>
    </>
  );
}
