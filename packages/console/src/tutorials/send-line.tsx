// A line of text that the reader sends.
import { useState } from "preact/hooks";

interface SendLineProps {
  readonly label: string;
  /** Default: the label. */
  readonly placeholder?: string;
  readonly button: string;
  readonly class: string;
  readonly disabled?: boolean;
  /** Returns whether the text was taken. The line is empty then. */
  readonly onSend: (text: string) => boolean | Promise<boolean>;
}

export function SendLine({ label, placeholder = label, button, class: name, disabled = false, onSend }: SendLineProps) {
  const [text, setText] = useState("");
  const send = async (event: Event) => {
    event.preventDefault();
    if (await onSend(text)) setText((now) => (now === text ? "" : now));
  };
  return (
    <form class={name} onSubmit={send}>
      <input
        type="text"
        autocomplete="off"
        aria-label={label}
        placeholder={placeholder}
        value={text}
        disabled={disabled}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <button type="submit" class="primary" disabled={disabled}>
        {button}
      </button>
    </form>
  );
}
