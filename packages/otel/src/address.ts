// Attributes for addresses, by the rules of the semantic conventions for gRPC.
import type { Attributes } from "@opentelemetry/api";
import { attribute } from "./names.ts";

/**
 * The server that a target names. A target with several addresses, or of an unknown scheme, is the
 * address as a whole.
 */
export function serverAttributes(target: string): Attributes {
  const unix = /^unix:(?:\/\/)?(?<path>.+)$/.exec(target)?.groups?.["path"];
  if (unix !== undefined) return { [attribute.serverAddress]: unix };
  const name = /^dns:(?:\/\/[^/]*\/)?(?<name>.*)$/.exec(target)?.groups?.["name"] ?? target;
  const groups = /^(?:\[(?<v6>[^[\]]+)\]|(?<host>[^:/,]+)):(?<port>\d{1,5})$/.exec(name)?.groups;
  if (groups === undefined) return { [attribute.serverAddress]: name };
  return { [attribute.serverAddress]: groups["v6"] ?? groups["host"] ?? name, [attribute.serverPort]: Number(groups["port"]) };
}

/** Adds the address of a peer, if it has one: `host:port`, or `unix:` and a path. */
export function addPeer(attributes: Attributes, peer: string | undefined): void {
  if (peer === undefined) return;
  if (peer.startsWith("unix:")) {
    if (peer.length > 5) attributes[attribute.peerAddress] = peer.slice(5);
    return;
  }
  const colon = peer.lastIndexOf(":");
  if (colon === -1) return;
  const host = peer.slice(0, colon);
  attributes[attribute.peerAddress] = host.startsWith("[") ? host.slice(1, -1) : host;
  attributes[attribute.peerPort] = Number(peer.slice(colon + 1));
}
