import { expect, test } from "vitest";
import { Budget } from "./budget.ts";

const takeAll = (budget: Budget, now: number): number => {
  let taken = 0;
  while (budget.take(now)) taken++;
  return taken;
};

test("a budget allows a burst of twice its rate, and its rate over time", () => {
  const budget = new Budget(100, 0);
  expect(takeAll(budget, 0)).toBe(200);
  let taken = 0;
  for (let now = 10; now <= 10_000; now += 10) if (budget.take(now)) taken++;
  expect(taken).toBeGreaterThan(980);
  expect(taken).toBeLessThanOrEqual(1000);
});

test("added events are allowed", () => {
  const budget = new Budget(1, 0);
  expect(takeAll(budget, 0)).toBe(2);
  budget.add(4);
  expect(takeAll(budget, 0)).toBe(4);
});

test("added events do not expire when the budget is refilled", () => {
  const budget = new Budget(10, 0);
  budget.add(1000);
  expect(takeAll(budget, 5_000)).toBe(1020);
  expect(takeAll(budget, 10_000)).toBe(20);
});

test("earned events are allowed up to ten bursts", () => {
  const budget = new Budget(10, 0, 30);
  budget.earn(5);
  expect(takeAll(budget, 0)).toBe(35);
  budget.earn(1_000);
  expect(takeAll(budget, 0)).toBe(300);
  expect(takeAll(budget, 10_000)).toBe(30);
});
