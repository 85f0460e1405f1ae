import { expect, test } from "vitest";
import { StreamTable, type TableEntry } from "./stream-table.ts";

test("the table finds all of its streams and no others", () => {
  const table = new StreamTable<TableEntry>();
  const model = new Map<number, TableEntry>();
  let seed = 7;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return seed % below;
  };
  let id = 1;
  for (let step = 0; step < 20_000; step++) {
    // Long-lived streams collide with later ones in the same slot.
    if (random(100) < 51 || model.size === 0) {
      const stream = { id };
      table.add(stream);
      model.set(id, stream);
      id += random(50) === 0 ? 34 : 2;
    } else {
      const ids = [...model.keys()];
      const stream = model.get(ids[random(3) === 0 ? random(ids.length) : ids.length - 1] ?? 0);
      if (stream !== undefined) {
        table.delete(stream);
        model.delete(stream.id);
        expect(table.get(stream.id)).toBeUndefined();
      }
    }
    expect(table.size).toBe(model.size);
  }
  for (let at = 1; at < id; at += 2) expect(table.get(at)).toBe(model.get(at));
  expect(new Set(table.all())).toEqual(new Set(model.values()));
});

test("deleting a stream twice decreases the size once", () => {
  const table = new StreamTable<TableEntry>();
  const stream = { id: 1 };
  table.add(stream);
  table.add({ id: 3 });
  table.delete(stream);
  table.delete(stream);
  expect(table.size).toBe(1);
});
