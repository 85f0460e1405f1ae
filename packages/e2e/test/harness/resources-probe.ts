// Preloaded into a process. It responds to "resources" with the resources that keep the process
// alive and whether it handles SIGTERM, and to "held" with the memory in use, after a garbage
// collection with `--expose-gc`.
process.on("message", (question) => {
  if (question === "resources") {
    const handler = process.listenerCount("SIGTERM") > 0 ? ["SIGTERM"] : [];
    process.send?.([...process.getActiveResourcesInfo(), ...handler]);
  }
  if (question === "held") {
    for (let times = 0; times < 2; times++) globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    process.send?.(heapUsed + external);
  }
});
// The IPC channel must not keep the process alive.
process.channel?.unref();
