// Metadata of links, and what the browser remembers.
import { afterEach, expect, test, vi } from "vitest";
import { authorization, remember, rows, setMetadata, startMetadata } from "./metadata.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  rows.value = [];
  authorization.value = "";
});

test("metadata of a link has the keys that can be sent, each in its place", () => {
  expect(
    setMetadata([
      ["Authorization", "Bearer a"],
      ["X-Tenant", "b"],
      ["cookie", "c"],
      ["a b", "d"],
    ]),
  ).toEqual(["authorization", "x-tenant"]);
  expect([authorization.value, rows.value.map(({ key, value }) => [key, value])]).toEqual(["Bearer a", [["x-tenant", "b"]]]);
});

test("a tab that does not remember metadata leaves what another tab remembers", () => {
  const removeItem = vi.fn();
  vi.stubGlobal("location", { pathname: "/" });
  vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => {}, removeItem });
  startMetadata();
  authorization.value = "changed";
  expect(removeItem).not.toHaveBeenCalled();
  remember.value = true;
  remember.value = false;
  expect(removeItem).toHaveBeenCalledTimes(1);
});
