// Removes the `dist` folder of the current package. The compiler keeps the output of deleted
// sources, which would otherwise be published.
import { rmSync } from "node:fs";

rmSync("dist", { recursive: true, force: true });
