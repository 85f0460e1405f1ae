// Routes an HTTP method and path. The routes form a trie, so lookup time is linear in the path.
//
// If several routes match a path, then segment by segment, literal text wins over `*`, and `*` over
// `**`. Of several routes with `**`, the one with more segments after it wins. A route with a verb
// wins over one without. Two routes that match exactly the same paths conflict.
import type { Binding } from "./http-rule/rule.ts";
import type { Segment } from "./http-rule/template.ts";

interface Node<Route> {
  readonly literals: Map<string, Node<Route>>;
  any: Node<Route> | undefined;
  /** Routes that end here, by verb (`""` without one) and HTTP method. */
  ends: Ends<Route> | undefined;
  /** Routes with a `**` here, by the number of segments after it, longest first. */
  readonly tails: Tail<Route>[];
}

interface Tail<Route> {
  readonly length: number;
  readonly node: Node<Route>;
}

type Ends<Route> = Map<string, Map<string, Route>>;

/** A route, and the segments of the path without the verb, still percent-encoded. */
export interface Match<Route> {
  readonly route: Route;
  readonly segments: readonly string[];
}

/** The path matches, but not with this HTTP method. */
export interface WrongMethod {
  readonly allow: readonly string[];
}

export class Router<Route extends { readonly binding: Binding }> {
  readonly #root: Node<Route> = newNode();
  readonly #verbs = new Set<string>();
  /**
   * Maximum length of an encoded verb: a UTF-16 code unit has up to three bytes, and each takes
   * three characters.
   */
  #verbLength = 0;

  /** Adds a route, unless a route for the same requests exists. Returns the existing one. */
  add(route: Route): Route | undefined {
    const { verb: httpMethod, template } = route.binding;
    const { segments } = template;
    let node = this.#root;
    for (const [index, segment] of segments.entries()) {
      node = segment === "**" ? tailOf(node, segments.length - index - 1) : childOf(node, segment);
    }
    node.ends ??= new Map();
    const { ends } = node;
    const verb = template.verb ?? "";
    const methods = ends.get(verb) ?? new Map<string, Route>();
    ends.set(verb, methods);
    if (verb !== "") {
      this.#verbs.add(verb);
      this.#verbLength = Math.max(this.#verbLength, verb.length * 9);
    }

    const other = methods.get(httpMethod);
    if (other !== undefined) return other;
    methods.set(httpMethod, route);
    return undefined;
  }

  /** @param path percent-encoded, starts with a slash, without the query. */
  match(httpMethod: string, path: string): Match<Route> | undefined {
    return this.#match(httpMethod, segmentsOf(path));
  }

  /** The methods of the routes that match a path, but not the given method. */
  wrongMethod(httpMethod: string, path: string): WrongMethod | undefined {
    const allow = new Set<string>();
    this.#match(httpMethod, segmentsOf(path), allow);
    if (allow.size === 0) return undefined;
    if (allow.has("GET")) allow.add("HEAD");
    return { allow: [...allow.add("OPTIONS")].sort() };
  }

  /** @param allow collects the supported HTTP methods if none matches. */
  #match(httpMethod: string, segments: readonly string[], allow?: Set<string>): Match<Route> | undefined {
    const last = segments.length - 1;
    const ending = segments[last] ?? "";
    // A path may have thousands of colons, so only check those within the length of the longest
    // verb.
    const start = this.#verbs.size === 0 ? ending.length : Math.max(ending.length - this.#verbLength - 1, 0);
    for (let colon = ending.indexOf(":", start); colon >= 0; colon = ending.indexOf(":", colon + 1)) {
      const verb = decode(ending.slice(colon + 1));
      if (!this.#verbs.has(verb)) continue;
      const withoutVerb = segments.with(last, ending.slice(0, colon));
      const route = search(this.#root, withoutVerb, 0, verb, httpMethod, allow);
      if (route !== undefined) return { route, segments: withoutVerb };
    }
    const route = search(this.#root, segments, 0, "", httpMethod, allow);
    return route && { route, segments };
  }
}

function segmentsOf(path: string): string[] {
  const segments = path.split("/");
  segments.shift();
  return segments;
}

function newNode<Route>(): Node<Route> {
  return { literals: new Map(), any: undefined, ends: undefined, tails: [] };
}

function childOf<Route>(node: Node<Route>, segment: Exclude<Segment, "**">): Node<Route> {
  if (segment === "*") {
    node.any ??= newNode();
    return node.any;
  }
  const child = node.literals.get(segment.literal) ?? newNode();
  node.literals.set(segment.literal, child);
  return child;
}

function tailOf<Route>(node: Node<Route>, length: number): Node<Route> {
  const known = node.tails.find((tail) => tail.length === length);
  if (known !== undefined) return known.node;
  const tail: Tail<Route> = { length, node: newNode() };
  node.tails.push(tail);
  node.tails.sort((one, other) => other.length - one.length);
  return tail.node;
}

/** Searches depth first. Only visits branches that templates have. */
function search<Route>(
  node: Node<Route>,
  segments: readonly string[],
  index: number,
  verb: string,
  httpMethod: string,
  allow: Set<string> | undefined,
): Route | undefined {
  const segment = segments[index];
  if (segment === undefined) {
    const route = choose(node.ends, verb, httpMethod, allow);
    if (route !== undefined) return route;
  } else {
    const literal = node.literals.get(decode(segment));
    const below =
      (literal && search(literal, segments, index + 1, verb, httpMethod, allow)) ??
      (node.any && search(node.any, segments, index + 1, verb, httpMethod, allow));
    if (below !== undefined) return below;
  }
  for (const { length, node: tail } of node.tails) {
    const start = segments.length - length;
    const route = start < index ? undefined : search(tail, segments, start, verb, httpMethod, allow);
    if (route !== undefined) return route;
  }
  return undefined;
}

function choose<Route>(ends: Ends<Route> | undefined, verb: string, httpMethod: string, allow: Set<string> | undefined): Route | undefined {
  const methods = ends?.get(verb);
  if (methods === undefined) return undefined;
  const route = methods.get(httpMethod) ?? (httpMethod === "HEAD" ? methods.get("GET") : undefined) ?? methods.get("*");
  if (route === undefined) for (const method of methods.keys()) allow?.add(method);
  return route;
}

function decode(segment: string): string {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
