// What to type next, for somebody at a terminal who sees the table for the first time.
import type { Endpoint } from "./serve.ts";
import type { Topic } from "./topic.ts";

/** What a client's command does with a topic, after `client`; the ones that need no options. */
const firsts = ["helloworld", "chat", "shop", "streams", "push", "hello", "hello-stream"];

/** Two to four lines, or none if nothing is served that a client can call as it is. */
export function nextSteps(endpoints: readonly Endpoint[], topics: readonly Topic[]): string {
  const plain = endpoints.filter(({ security }) => security === "plaintext");
  const clients = firsts.flatMap((name) => {
    const endpoint = plain.find(({ topic }) => topic === name);
    if (endpoint === undefined) return [];
    const isTutorials = topics.some(({ listeners }) => listeners.some(({ port }) => endpoint.address === `localhost:${port}`));
    return [`  npx -y pnpm@12 client ${name}${isTutorials ? "" : ` --addr ${reachable(endpoint.address)}`}`];
  });
  const http = endpoints.find(({ security }) => security === "HTTP, plaintext");
  const lines = [
    ...clients.slice(0, 2),
    ...(http ? [`  open http://${reachable(http.address)}/ (the shop over HTTP, with documentation)`] : []),
  ];
  return lines.length === 0 ? "" : `\nNext, in another terminal (Ctrl-C here ends the server):\n${lines.join("\n")}\n`;
}

/** An address that means every interface is one to listen on, and none to call. */
function reachable(address: string): string {
  return address.replace(/^(0\.0\.0\.0|\[::\]):/, "localhost:");
}
