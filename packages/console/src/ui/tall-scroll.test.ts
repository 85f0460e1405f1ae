import { expect, test } from "vitest";
import { TallScroll } from "./tall-scroll.ts";

const visible = 300;

function scroll(height: number): TallScroll {
  const scroll = new TallScroll();
  scroll.resize(height, visible);
  return scroll;
}

test("a list below the limit scrolls as the element does", () => {
  const list = scroll(2_800_000);
  for (const top of [100, 1_000_000, 2_799_700]) {
    expect(list.scrolled(top)).toBe(true);
    expect([list.top, list.shift, list.elementHeight]).toEqual([top, 0, 2_800_000]);
  }
  expect(list.isAtEnd).toBe(true);
});

test("each line of a list that is too tall for an element can be reached", () => {
  const height = 28_000_000;
  const list = scroll(height);
  expect(list.elementHeight).toBe(8_000_000);
  // The scrollbar.
  list.scrolled(4_000_000);
  expect(list.top / height).toBeCloseTo(0.5, 4);
  // The wheel, pixel by pixel. Lines keep their places in the element.
  const { top, shift } = list;
  for (let at = 1; at <= 50; at++) {
    list.scrolled(4_000_000 + at * 100);
    expect(list.top).toBe(top + at * 100);
    expect(list.shift).toBe(shift);
  }
  // Once the scrolling ends, the scrollbar is where it should be.
  list.settle();
  expect(list.top).toBe(top + 5000);
  expect(list.scrollTop / 8_000_000).toBeCloseTo(list.top / height, 4);
  // Both ends.
  list.scrolled(8_000_000 - visible);
  expect([list.top, list.isAtEnd]).toEqual([height - visible, true]);
  list.scrolled(0);
  expect(list.top).toBe(0);
});

test("a list that grows keeps its position, and one that shrinks stays within itself", () => {
  const list = scroll(1000);
  list.moveTo(500);
  list.resize(28_000_000, visible);
  expect(list.top).toBe(500);
  list.moveTo(28_000_000);
  expect([list.top, list.scrollTop]).toEqual([27_999_700, 8_000_000 - visible]);
  list.resize(200, visible);
  list.moveTo(list.top);
  expect([list.top, list.scrollTop, list.isAtEnd]).toEqual([0, 0, true]);
});

test("a position that the browser rounded is no scrolling", () => {
  const list = scroll(10_000);
  list.moveTo(333.4);
  expect(list.scrolled(333)).toBe(false);
  expect(list.top).toBe(333.4);
});
