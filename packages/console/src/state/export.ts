// A record as a file: newline-delimited JSON.
import { Slices } from "../call/slices.ts";
import type { CallRecord, Entry } from "./record.ts";

/** The characters of a part. A Blob with a part for each line would need much more memory. */
const partLength = 1_000_000;

/** One line for each entry. What the record dropped is a line, too. The page stays responsive. */
export async function ndjson(record: CallRecord): Promise<Blob> {
  const slices = new Slices();
  const parts: string[] = [];
  const { sent, received } = record.dropped;
  let part = record.first === 0 ? "" : `${JSON.stringify({ kind: "dropped", sent, received })}\n`;
  for (const entry of record) {
    part += line(entry);
    if (part.length > partLength) {
      parts.push(part);
      part = "";
    }
    if (slices.isOver) await slices.pause();
  }
  return new Blob([...parts, part], { type: "application/x-ndjson" });
}

/** The text of a message stays as it is, because JSON.parse would lose digits of large numbers. */
function line({ kind, at, text }: Entry): string {
  const message = text === "" ? "" : `,"message":${text.replace(/\n\s*/g, "")}`;
  return `{"kind":"${kind}","ms":${at.toFixed(3)}${message}}\n`;
}
