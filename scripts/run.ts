// `pnpm start`: builds what the server needs, then becomes the server. One process rather than `build && serve`, so that a signal reaches
// the server itself, on Windows too.
import { spawnSync } from "node:child_process";

const build = spawnSync("turbo run build --filter=@grpc-study/server --output-logs=errors-only --log-order=grouped", {
  stdio: ["ignore", "inherit", "inherit"],
  shell: true,
});
if (build.status === 0) await import(new URL("../packages/server/dist/main.js", import.meta.url).href);
else process.exitCode = build.status ?? 1;
