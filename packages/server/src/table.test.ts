import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import type { Endpoint } from "./endpoint.ts";
import { formatTable } from "./table.ts";

const endpoints: Endpoint[] = [
  { topic: "chat", address: "localhost:8972", services: ["pb.Greeter"], security: "plaintext" },
  { topic: "streams", address: "[::1]:8000", services: ["StreamServer", "Stream"], security: "plaintext" },
];

test("each endpoint is a row and each further service a line, in columns without trailing blanks", () => {
  expect(formatTable(endpoints, { colour: false }).split("\n")).toEqual([
    "topic    address         services      security",
    "chat     localhost:8972  pb.Greeter    plaintext",
    "streams  [::1]:8000      StreamServer  plaintext",
    "                         Stream",
    "",
  ]);
});

test("colour does not change the text of the table", () => {
  const coloured = formatTable(endpoints, { colour: true });
  expect(coloured).toContain("\x1b[1mtopic");
  expect(stripVTControlCharacters(coloured)).toBe(formatTable(endpoints, { colour: false }));
});
