// The three streams side by side: messages that cross a wire.
import "./streams.css";
import { useEffect, useId, useMemo, useRef } from "preact/hooks";
import { formatMs } from "../../ui/format.ts";
import { callWith, type OpenCall, openCall } from "../calls.ts";
import { StatusLine } from "../status-line.tsx";
import { Lane, type Script, type WireEvent } from "./lane.ts";
import type { StreamsMethods } from "./methods.ts";
import { ts } from "./texts.ts";

/** Milliseconds for which a message is on the wire. */
const stepMs = 700;

const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

const count = 5;

/** The calls of the tutorial's client. Each returns a function that cancels the call. */
function scripts({ ListValue, RouteList, Conversations }: StreamsMethods) {
  const started = (call: OpenCall<never>) => () => call.cancel();
  return {
    list({ request, response, halfClose, end }: Script) {
      const data = "stream server grpc ";
      request(data);
      halfClose();
      return started(callWith(ListValue, { data }, { onMessage: ({ stream_value }) => response(stream_value), onEnd: end }));
    },
    route({ request, response, halfClose, end }: Script) {
      const call = openCall(RouteList, { onMessage: ({ code, value }) => response(`${code} ${value}`), onEnd: end });
      for (let index = 0; index < count; index++) {
        const stream_data = `stream client rpc ${index}`;
        call.send({ stream_data });
        request(stream_data);
      }
      call.halfClose();
      halfClose();
      return started(call);
    },
    conversations({ request, response, halfClose, end }: Script) {
      let asked = 0;
      const ask = () => {
        if (asked === count) {
          call.halfClose();
          halfClose();
          return;
        }
        const question = `stream client rpc ${asked++}`;
        call.send({ question });
        request(question);
      };
      const call = openCall(Conversations, {
        onMessage: ({ answer }) => {
          response(answer);
          ask();
        },
        onEnd: end,
      });
      ask();
      return started(call);
    },
  };
}

export function StreamsView({ methods }: { readonly methods: StreamsMethods }) {
  const lanes = useMemo(() => {
    const { list, route, conversations } = scripts(methods);
    const lane = (name: "list" | "route" | "conversations", hint: "listHint" | "routeHint" | "conversationsHint", script: typeof list) => ({
      name,
      hint,
      script,
      lane: new Lane(() => (isStill() ? 0 : stepMs)),
    });
    return [lane("list", "listHint", list), lane("route", "routeHint", route), lane("conversations", "conversationsHint", conversations)];
  }, []);
  const playAll = () => {
    for (const { lane, script } of lanes) lane.play(script);
  };
  useEffect(
    () => () => {
      for (const { lane } of lanes) lane.stop();
    },
    [],
  );
  return (
    <>
      <p class="hint">{ts("intro")}</p>
      <button type="button" class="primary" onClick={playAll}>
        {ts("playAll")}
      </button>
      <div class="cards">
        {lanes.map(({ name, hint, lane, script }) => (
          <LaneView key={name} title={ts(name)} hint={ts(hint)} lane={lane} onPlay={() => lane.play(script)} />
        ))}
      </div>
    </>
  );
}

interface LaneProps {
  readonly title: string;
  readonly hint: string;
  readonly lane: Lane;
  readonly onPlay: () => void;
}

function LaneView({ title, hint, lane, onPlay }: LaneProps) {
  const id = useId();
  const { value: shown } = lane.shown;
  const { value: status } = lane.status;
  return (
    <section class="card lane" aria-labelledby={id}>
      <div class="bar">
        <h2 id={id}>{title}</h2>
        <button type="button" aria-label={`${ts("play")}: ${title}`} onClick={onPlay}>
          {ts("play")}
        </button>
      </div>
      <p class="hint">{hint}</p>
      <Wire moving={lane.moving.value} />
      {shown.length === 0 ? (
        <p class="hint">{ts("nothing")}</p>
      ) : (
        <ol class="events" aria-label={ts("events", title)}>
          {shown.map((event) => (
            <li key={event.id} class={event.kind}>
              <span aria-hidden="true">{event.kind === "response" ? "←" : event.kind === "request" ? "→" : "⇥"}</span>
              <span class="visually-hidden">{ts(event.kind)}</span>
              <span class="text" dir="auto">
                {event.kind === "halfClose" ? ts("halfClose") : event.text}
              </span>
              <span class="hint">{formatMs(event.ms)}</span>
            </li>
          ))}
        </ol>
      )}
      {status !== undefined && <StatusLine status={status} />}
    </section>
  );
}

/** The end of a text, where the messages of the tutorial differ. */
function endOf(text: string): string {
  const characters = [...text];
  return characters.length > 12 ? `…${characters.slice(-11).join("")}` : text;
}

/** A message on its way. The list below says the same in words. */
function Wire({ moving }: { readonly moving: WireEvent | undefined }) {
  const parcel = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const { current } = parcel;
    const track = current?.parentElement;
    if (!current || !track || isStill()) return;
    const way = ["0", `${Math.max(0, track.clientWidth - current.offsetWidth)}px`];
    if (moving?.kind === "response") way.reverse();
    current.animate({ translate: way }, { duration: stepMs, easing: "ease-in-out", fill: "both" });
  }, [moving?.id]);
  return (
    <div class="wire" aria-hidden="true">
      <span class="end">{ts("client")}</span>
      <span class="track">
        {moving !== undefined && (
          <span key={moving.id} ref={parcel} class={`parcel ${moving.kind}`}>
            {moving.kind === "halfClose" ? "⇥" : endOf(moving.text)}
          </span>
        )}
      </span>
      <span class="end">{ts("server")}</span>
    </div>
  );
}
