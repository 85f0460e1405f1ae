// Unix domain sockets of servers. A killed server leaves its socket behind, and no server can
// listen there until it is removed.
import { lstat, unlink } from "node:fs/promises";
import { connect } from "node:net";

/** Removes a socket without a listening server. Returns whether there was one. */
export async function removeStaleSocket(path: string): Promise<boolean> {
  try {
    if (!(await lstat(path)).isSocket() || (await answers(path))) return false;
    await unlink(path);
    return true;
  } catch {
    return false;
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    // The socket of another user (EACCES) may be in use. ECONNREFUSED means that no server listens.
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "ECONNREFUSED"));
  });
}
