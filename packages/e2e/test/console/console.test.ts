// The console in a browser. The files have one worker, one Chromium and one build of their descriptors, because
// these would take most of the time of a file. A part by itself: vitest run test/console -t daily
import { afterAll } from "vitest";
import { isShort } from "../../../../scripts/ci-tests.ts";
import { closeBrowser } from "./shared.ts";
import "./calls.ts";
import "./daily.ts";
import "./editor.ts";
import "./hostile.ts";
import "./large.ts";
import "./lists.ts";
import "./map.ts";
import "./rules.ts";
import "./views.ts";

if (!isShort) {
  await import("./copy.ts");
  await import("./streams.ts");
  await import("./tutorials.ts");
}

afterAll(closeBrowser);
