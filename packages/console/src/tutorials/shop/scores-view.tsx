// The scores of users, which arrive in batches.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Status } from "../../call/status.ts";
import { callWith, type OpenCall } from "../calls.ts";
import { StatusLine } from "../status-line.tsx";
import { Input, isId } from "./input.tsx";
import type { ShopMethods } from "./methods.ts";
import { tsh } from "./texts.ts";

interface Score {
  readonly user: number;
  readonly score: number;
  /** The message that it came with, from 1. */
  readonly batch: number;
}

const firstUsers = "1, 2, 3, 4, 5";
const maxUsers = 1000;

export function ScoresView({ method }: { readonly method: ShopMethods["GetUserScoreByServerStream"] }) {
  const heading = useId();
  const [text, setText] = useState(firstUsers);
  const [scores, setScores] = useState<readonly Score[]>([]);
  const [status, setStatus] = useState<Status>();
  const running = useRef<Pick<OpenCall<never>, "cancel">>(undefined);
  useEffect(() => () => running.current?.cancel(), []);
  const ids = text.split(/[\s,，、]+/).filter(Boolean);
  const isValid = ids.length > 0 && ids.length <= maxUsers && ids.every(isId);
  const show = (event: Event) => {
    event.preventDefault();
    if (!isValid) return;
    running.current?.cancel();
    setScores([]);
    setStatus(undefined);
    let batch = 0;
    running.current = callWith(
      method,
      { users: ids.map((id) => ({ user_id: Number(id), user_score: 0 })) },
      {
        onMessage: ({ users }) => {
          batch++;
          const own = batch;
          setScores((all) => [...all, ...users.map(({ user_id, user_score }) => ({ user: user_id, score: user_score, batch: own }))]);
        },
        onEnd: setStatus,
      },
    );
  };
  return (
    <section class="card" aria-labelledby={heading}>
      <h2 id={heading}>{tsh("scores")}</h2>
      <form onSubmit={show}>
        <Input label="users" value={text} onInput={setText} hint={tsh("usersHint")} fault={isValid ? "" : tsh("faultUsers")} />
        <button type="submit" class="primary">
          {tsh("show")}
        </button>
      </form>
      {scores.length > 0 && (
        <table class="scores">
          <caption>{tsh("batches", scores.at(-1)?.batch ?? 0)}</caption>
          <thead>
            <tr>
              <th scope="col">{tsh("user")}</th>
              <th scope="col">{tsh("score")}</th>
            </tr>
          </thead>
          <tbody>
            {scores.map(({ user, score, batch }, index) => (
              <tr key={index} class={batch % 2 === 0 ? "even" : ""}>
                <td>{user}</td>
                <td>
                  <b>{score}</b> <meter max={100} value={score} aria-hidden="true" />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {status !== undefined && <StatusLine status={status} />}
    </section>
  );
}
