// Runs the Node version check as an old Node would.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const check = fileURLToPath(new URL("../node-version.js", import.meta.url));
const packages = new URL("../../", import.meta.url);

/** Runs the check in a process that pretends to be another version. */
function checkAs(version: string): { status: number; stderr: string } {
  const pretend = `Object.defineProperty(process.versions, "node", { value: ${JSON.stringify(version)} });`;
  const module = `data:text/javascript,${encodeURIComponent(pretend)}`;
  try {
    execFileSync(process.execPath, ["--import", module, check], { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
    return { status: 0, stderr: "" };
  } catch (error) {
    const { status, stderr } = error as { status: number; stderr: string };
    return { status, stderr };
  }
}

test.each(["18.20.8", "20.20.2", "22.17.1", "23.5.0"])("Node %s is rejected with one line that says what to do", (version) => {
  const { status, stderr } = checkAs(version);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^error: grpc-study needs Node 22\.18 or later .* is \d+\.\d+\.\d+: install .+\n$/);
  expect(stderr).toContain(version);
});

test.each(["22.18.0", "22.22.0", "23.6.0", "24.0.0", "26.1.0"])("Node %s is accepted", (version) => {
  expect(checkAs(version)).toEqual({ status: 0, stderr: "" });
});

const manifests = ["../package.json", ...readdirSync(packages).map((name) => `${name}/package.json`)].filter((path) =>
  existsSync(new URL(path, packages)),
);

test.each(manifests)("the engines of %s match the check", (path) => {
  const { engines } = JSON.parse(readFileSync(new URL(path, packages), "utf8"));
  expect(engines).toEqual({ node: "^22.18.0 || >=23.6.0" });
});
