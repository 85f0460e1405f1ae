// A chat room: who is there, what was said lately, and what is said now.
import "../chat/chat.css";
import "./rooms.css";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Status } from "../../call/status.ts";
import { language } from "../../i18n/index.ts";
import { newKey } from "../../state/database.ts";
import { useFollow } from "../../ui/use-follow.ts";
import { callOnce, callWith, type OpenCall } from "../calls.ts";
import { SendLine } from "../send-line.tsx";
import { StatusLine } from "../status-line.tsx";
import type { RoomsMethods } from "./methods.ts";
import { after, emptyRoom, type Room, type RoomLine } from "./room.ts";
import { tr } from "./texts.ts";

/** The messages that a reader sees who joins. */
const last = 50;

export function RoomsView({ methods: { Join, Say } }: { readonly methods: RoomsMethods }) {
  const [place, setPlace] = useState({ room: "lobby", user: `guest-${Math.floor(Math.random() * 1000)}` });
  const [room, setRoom] = useState<Room>(emptyRoom);
  const [status, setStatus] = useState<Status>();
  const [isIn, setIsIn] = useState(false);
  const call = useRef<Pick<OpenCall<never>, "cancel">>(undefined);
  useEffect(() => () => call.current?.cancel(), []);

  const join = (event: Event) => {
    event.preventDefault();
    setRoom(emptyRoom);
    setStatus(undefined);
    setIsIn(true);
    call.current = callWith(
      Join,
      { ...place, last },
      {
        onMessage: (one) => setRoom((now) => after(now, one)),
        onEnd: (ended) => {
          setStatus(ended);
          setIsIn(false);
        },
      },
    );
  };
  const say = async (line: string) => {
    const text = line.trim();
    if (text === "") return false;
    // The service stores a line with an id once, however often it is sent.
    const { status: failed } = await callOnce(Say, { ...place, text, id: newKey() });
    setStatus(failed);
    return failed === undefined;
  };
  return (
    <section class="chat">
      <p class="hint">{tr("intro")}</p>
      <form class="row room-form" onSubmit={join}>
        <Field label={tr("room")} value={place.room} isFixed={isIn} onInput={(name) => setPlace({ ...place, room: name })} />
        <Field label={tr("user")} value={place.user} isFixed={isIn} onInput={(user) => setPlace({ ...place, user })} />
        <button type="submit" class="primary" disabled={isIn || place.room === ""}>
          {tr("join")}
        </button>
        <button type="button" disabled={!isIn} onClick={() => call.current?.cancel()}>
          {tr("leave")}
        </button>
      </form>
      {isIn && (
        <p class="hint" role="status">
          {tr("members")} <b dir="auto">{room.users.join(", ") || tr("nobody")}</b>
        </p>
      )}
      <Lines lines={room.lines} user={place.user} />
      {status !== undefined && <StatusLine status={status} />}
      <SendLine class="chat-composer" label={tr("line")} button={tr("say")} disabled={!isIn} onSend={say} />
    </section>
  );
}

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly isFixed: boolean;
  readonly onInput: (value: string) => void;
}

function Field({ label, value, isFixed, onInput }: FieldProps) {
  const id = useId();
  return (
    <div>
      <label for={id}>{label}</label>
      <input
        id={id}
        type="text"
        autocomplete="off"
        value={value}
        readOnly={isFixed}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </div>
  );
}

function Lines({ lines, user }: { readonly lines: readonly RoomLine[]; readonly user: string }) {
  const scroller = useFollow<HTMLDivElement>(lines, lines.at(-1)?.user === user);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take the focus
    <div class="chat-lines" role="log" aria-label={tr("conversation")} tabIndex={0} ref={scroller}>
      {lines.length === 0 && <p class="hint">{tr("empty")}</p>}
      {lines.map((line) =>
        line.kind === "message" ? (
          <p key={line.id} class={`bubble ${line.user === user ? "me" : "server"}`}>
            <b dir="auto">{line.user}</b>{" "}
            <span class="bubble-text" dir="auto">
              {line.text}
            </span>{" "}
            <small>
              <time dateTime={line.time}>{timeOf(line.time)}</time>
            </small>
          </p>
        ) : (
          <p key={line.id} class="hint">
            {tr(line.kind, line.user)}
          </p>
        ),
      )}
    </div>
  );
}

function timeOf(text: string): string {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? "" : time.toLocaleTimeString(language.value, { timeStyle: "short" });
}
