// Removes the `dist` of the package in which it runs. The compiler leaves the output of files that are gone, and it would be published.
import { rmSync } from "node:fs";

rmSync("dist", { recursive: true, force: true });
