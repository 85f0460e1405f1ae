// One stream as a feed: what arrives and what the reader sends, the newest first.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { hasRequestStream } from "../../call/call.ts";
import type { Status } from "../../call/status.ts";
import { language } from "../../i18n/index.ts";
import { type OpenCall, openCall } from "../calls.ts";
import { SendLine } from "../send-line.tsx";
import { StatusLine } from "../status-line.tsx";
import type { TextStream } from "./methods.ts";
import { tp } from "./texts.ts";

interface Item {
  readonly id: number;
  readonly way: "sent" | "received";
  readonly text: string;
  readonly at: Date;
}

/** Items that the feed shows. */
const maxItems = 200;

export interface FeedProps {
  readonly title: string;
  readonly hint: string;
  readonly method: TextStream;
}

export function FeedView({ title, hint, method }: FeedProps) {
  const id = useId();
  const [items, setItems] = useState<readonly Item[]>([]);
  const [counts, setCounts] = useState({ sent: 0, received: 0 });
  const [status, setStatus] = useState<Status>();
  const [call, setCall] = useState<OpenCall<{ readonly data: string }>>();
  const running = useRef<typeof call>(undefined);
  running.current = call;
  useEffect(() => () => running.current?.cancel(), []);
  const takesMessages = hasRequestStream(method.shape.kind);

  const add = (way: Item["way"], text: string) => {
    setItems((all) => [{ id: (all[0]?.id ?? 0) + 1, way, text, at: new Date() }, ...all].slice(0, maxItems));
    setCounts((all) => ({ ...all, [way]: all[way] + 1 }));
  };
  const start = () => {
    setItems([]);
    setCounts({ sent: 0, received: 0 });
    setStatus(undefined);
    const opened = openCall(method, {
      onMessage: ({ data }) => add("received", data),
      onEnd: (ended) => {
        setStatus(ended);
        setCall(undefined);
      },
    });
    if (!takesMessages) {
      opened.send({ data: "" });
      opened.halfClose();
    }
    setCall(opened);
    return opened;
  };
  const send = (text: string) => {
    (call ?? start()).send({ data: text });
    add("sent", text);
    return true;
  };

  return (
    <section class="card feed" aria-labelledby={id}>
      <h2 id={id}>
        {title} {call !== undefined && <span class="live">{tp("live")}</span>}
      </h2>
      <p class="hint">{hint}</p>
      {takesMessages && <SendLine class="row" label={tp("message")} button={tp("send")} onSend={send} />}
      <div class="row">
        <button type="button" class={takesMessages ? "" : "primary"} disabled={call !== undefined} onClick={start}>
          {tp("start")}
        </button>
        {takesMessages && (
          <button type="button" disabled={call === undefined} onClick={() => call?.halfClose()}>
            {tp("finish")}
          </button>
        )}
        <button type="button" disabled={call === undefined} onClick={() => call?.cancel()}>
          {tp("stop")}
        </button>
        <span class="hint">{tp("count", counts.sent, counts.received)}</span>
      </div>
      {status !== undefined && <StatusLine status={status} />}
      {items.length === 0 ? (
        <p class="hint">{tp("empty")}</p>
      ) : (
        <ol class="events" aria-label={title}>
          {items.map((item) => (
            <li key={item.id} class={item.way}>
              <span class="way">
                <span aria-hidden="true">{item.way === "sent" ? "↑" : "↓"}</span>
                <span class="visually-hidden">{tp(item.way)}</span>
              </span>
              <Text text={item.text} />
              <time dateTime={item.at.toISOString()}>{item.at.toLocaleTimeString(language.value)}</time>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

/** GetStream sends Unix seconds. They are a time of day for the reader. */
function Text({ text }: { readonly text: string }) {
  if (!/^\d{10}$/.test(text)) {
    return (
      <span class="text" dir="auto">
        {text}
      </span>
    );
  }
  return (
    <span class="text">
      <b>{new Date(Number(text) * 1000).toLocaleTimeString(language.value)}</b> <code>{text}</code>
    </span>
  );
}
