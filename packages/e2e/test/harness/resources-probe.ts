// Loaded into a process before its own program: answers any message with the resources that keep the process busy, and whether it takes
// SIGTERM for itself.
process.on("message", () => {
  const handler = process.listenerCount("SIGTERM") > 0 ? ["SIGTERM"] : [];
  process.send?.([...process.getActiveResourcesInfo(), ...handler]);
});
// The channel itself is no reason to stay.
process.channel?.unref();
