// What a reader has typed can be brought back after a link, a saved request or the history has replaced it.
import { afterEach, expect, test } from "vitest";
import { replaced, takeDraft, undoDraft } from "./drafts.ts";
import { authorization, deadline, rows } from "./metadata.ts";
import { setTextOf, writtenTextOf } from "./request.ts";

const path = "t.S/M";

afterEach(() => {
  rows.value = [];
  authorization.value = "";
  deadline.value = "";
});

test("the text, the deadline and the metadata come back", () => {
  setTextOf(path, "typed");
  deadline.value = "5";
  authorization.value = "Bearer a";
  rows.value = [{ id: 1, key: "x-a", value: "1" }];
  const own = rows.value;
  takeDraft({
    path,
    text: "{}",
    deadline: "",
    metadata: [
      ["authorization", "Bearer b"],
      ["x-a", "2"],
    ],
  });
  expect([writtenTextOf(path), deadline.value, authorization.value, rows.value.map(({ value }) => value)]).toEqual([
    "{}",
    "",
    "Bearer b",
    ["2"],
  ]);
  undoDraft();
  expect([writtenTextOf(path), deadline.value, authorization.value, rows.value]).toEqual(["typed", "5", "Bearer a", own]);
  expect(replaced.value).toBeUndefined();
});

test("nothing is offered where nothing is lost", () => {
  takeDraft({ path: "t.S/New", text: "{}", deadline: "7", metadata: [["x-b", "1"]] });
  expect(replaced.value).toBeUndefined();
  takeDraft({ path: "t.S/New", text: "{}", deadline: "7", metadata: [] });
  expect(replaced.value).toBeUndefined();
});
