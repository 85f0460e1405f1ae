import { setImmediate } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { Keyboard, Screen } from "../../test/terminal.ts";
import { openTerminal } from "./lines.ts";

/** Opens a terminal of 30 columns. Also returns the lines that were entered. */
function open() {
  const keyboard = new Keyboard();
  const screen = new Screen(30);
  const lines = openTerminal({ stdin: keyboard, stdout: screen });
  onTestFinished(() => lines.close());
  const entered: string[] = [];
  const ended = (async () => {
    for await (const line of lines) entered.push(line);
  })();
  const press = async (...chunks: string[]) => {
    for (const chunk of chunks) {
      keyboard.write(chunk);
      await setImmediate();
    }
  };
  return { keyboard, screen, lines, entered, ended, press };
}

const [up, left, home, ctrlC, ctrlD] = ["\x1b[A", "\x1b[D", "\x1b[H", "\x03", "\x04"];

test("a reply is printed above the line that is being typed, and the cursor keeps its place", async () => {
  const { screen, lines, press, entered } = open();
  await press(..."你好", "\r", ..."hello", left, left);
  await lines.write("AI：我好");
  expect(screen.shown).toEqual({ rows: ["> 你好", "AI：我好", "> hello"], cursor: [2, 5] });

  await press("X", "\r");
  expect(entered).toEqual(["你好", "helXlo"]);
});

const long = "这一行很长很长，在终端里要换行。It takes three rows of thirty columns.";

test.each([
  ["typed", [...long]],
  ["pasted", [long]],
])("answers leave alone a line of several rows that is being %s", async (_how, chunks) => {
  const { screen, lines, press, entered } = open();
  await press(...chunks, left, left);
  const before = screen.shown;
  expect(before.rows.length).toBe(3);

  await lines.write("AI：一");
  await lines.write("AI：二");
  const [row, column] = before.cursor;
  expect(screen.shown).toEqual({ rows: ["AI：一", "AI：二", ...before.rows], cursor: [row + 2, column] });

  // The cursor is at the other end, several rows above.
  await press(home);
  await lines.write("AI：三");
  expect(screen.shown).toEqual({ rows: ["AI：一", "AI：二", "AI：三", ...before.rows], cursor: [3, 2] });

  await press("\r");
  expect(entered).toEqual([long]);
});

test("a reply of several rows, or with control characters, leaves the typed line intact", async () => {
  const { screen, lines, press } = open();
  await press(..."abc");
  await lines.write(`${"长".repeat(20)}\x1b[2J\r`);
  expect(screen.shown.rows).toEqual(["长".repeat(15), `${"长".repeat(5)}\\u001b[2J\\r`, "> abc"]);
});

test("the arrow keys bring back earlier lines", async () => {
  const { screen, press } = open();
  await press("one\r", "two\r", up, up);
  expect(screen.shown.rows.at(-1)).toBe("> one");
});

const [right, backspace, del, ctrlH] = ["\x1b[C", "\x7f", "\x1b[3~", "\b"];

describe.each([
  ["a family of three", "👨‍👩‍👧"],
  ["a flag", "🇫🇷"],
  ["a flag of tags", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"],
  ["a skin tone", "👍🏽"],
  ["a keycap", "1️⃣"],
  ["a letter with accents", "e\u0301\u0323"],
  ["a syllable", "한"],
])("%s is one character for the keys that edit:", (_name, char) => {
  test.each([
    ["the arrow to the left passes it", ["a", char, "b", left, left, "X"], `aX${char}b`],
    ["the arrow to the right passes it", ["a", char, "b", home, right, right, "X"], `a${char}Xb`],
    ["Backspace deletes it", ["a", char, "b", left, backspace], "ab"],
    ["Ctrl-H deletes it", [char, char, ctrlH], char],
    ["Delete deletes it", ["a", char, "b", home, right, del], "ab"],
    ["Ctrl-D deletes it", [char, char, home, ctrlD], char],
    ["its neighbours stay when others are deleted", [char, "x", char, left, backspace], `${char}${char}`],
  ])("%s", async (_what, keys, line) => {
    const { press, entered } = open();
    await press(...keys, "\r");
    expect(entered).toEqual([line]);
  });
});

test.each([
  ["Ctrl-C", ctrlC, "half", ["> half"]],
  ["Ctrl-C on an empty line", ctrlC, "", []],
  ["Ctrl-D on an empty line", ctrlD, "", []],
])("%s ends the lines and gives the terminal back", async (_name, key, typed, rows) => {
  const { keyboard, screen, press, ended } = open();
  expect(keyboard.raw).toBe(true);
  await press(...typed, key);
  await ended;
  expect(keyboard.raw).toBe(false);
  expect(screen.shown).toEqual({ rows, cursor: [rows.length, 0] });
});

test("close() leaves a typed line of several rows on the screen, with the cursor below it", async () => {
  const { keyboard, screen, lines, press, ended } = open();
  await press(long, home);
  const { rows } = screen.shown;
  lines.close();
  await ended;
  expect(keyboard.raw).toBe(false);
  expect(screen.shown).toEqual({ rows, cursor: [3, 0] });
});

test("a reply after the end of input is printed without a prompt", async () => {
  const { screen, lines, press, ended } = open();
  await press("你好\r", ctrlD);
  await ended;
  await lines.write("AI：我好");
  expect(screen.shown).toEqual({ rows: ["> 你好", "AI：我好"], cursor: [2, 0] });
});
