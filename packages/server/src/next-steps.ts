// The commands to type next, for a user who sees the table for the first time.
import type { Endpoint } from "./endpoint.ts";
import type { Topic } from "./topic.ts";

/** The topics whose client command needs no options, in the order in which they are suggested. */
const suggested = ["helloworld", "chat", "shop", "streams", "push", "hello", "hello-stream"];

/** What the page of an HTTP server shows, by its name in the table. */
const pageTexts: Readonly<Record<string, string>> = {
  shop: "the shop over HTTP, with documentation",
  console: "the tutorials in the browser",
};

/**
 * Suggests up to two client commands and the pages. Returns "" if no client can call
 * without options.
 */
export function nextSteps(endpoints: readonly Endpoint[], topics: readonly Topic[]): string {
  const plain = endpoints.filter(({ security }) => security === "plaintext");
  const clients = suggested.flatMap((name) => {
    const endpoint = plain.find(({ topic }) => topic === name);
    if (endpoint === undefined) return [];
    const isDefault = topics.some(({ listeners }) => listeners.some(({ port }) => endpoint.address === `localhost:${port}`));
    return [`  npx -y pnpm@12 client ${name}${isDefault ? "" : ` --addr ${reachable(endpoint.address)}`}`];
  });
  const pages = endpoints
    .filter(({ security }) => security === "HTTP, plaintext")
    .map(({ topic, address }) => `  open http://${reachable(address)}/ (${pageTexts[topic] ?? topic})`);
  const lines = [...clients.slice(0, 2), ...pages];
  return lines.length === 0 ? "" : `\nNext, in another terminal (Ctrl-C here ends the server):\n${lines.join("\n")}\n`;
}

/**
 * Replaces an address that means every interface: a server can listen on it, but a client cannot
 * call it.
 */
function reachable(address: string): string {
  return address.replace(/^(0\.0\.0\.0|\[::\]):/, "localhost:");
}
