// The services of the upstreams by package, and the search in them.
import type { DescMethod, DescService, Registry } from "@bufbuild/protobuf";
import { Slices } from "../call/slices.ts";
import { commentOf } from "./comments.ts";

/** An HTTP path of a method, by its google.api.http rule. */
export interface HttpRule {
  readonly verb: string;
  readonly path: string;
  /** What the body has: `*` for the whole message, or the name of a field. Absent without a body. */
  readonly body?: string;
}

export type CallKind = DescMethod["methodKind"];

export interface MethodEntry {
  readonly desc: DescMethod;
  readonly name: string;
  /** `package.Service/Method` */
  readonly path: string;
  readonly kind: CallKind;
  readonly comment: string;
  readonly rules: readonly HttpRule[];
  readonly deprecated: boolean;
  /** What a search looks at, in lower case. */
  readonly text: string;
}

export interface ServiceEntry {
  readonly desc: DescService;
  readonly name: string;
  readonly package: string;
  readonly comment: string;
  readonly methods: readonly MethodEntry[];
}

export interface PackageEntry {
  readonly name: string;
  readonly services: readonly ServiceEntry[];
}

export interface ServiceTreeOptions {
  /** The full names of the services to show. Default: all. */
  readonly services?: readonly string[];
  /** HTTP rules by the full names of methods. Default: none. */
  readonly rules?: Readonly<Record<string, readonly HttpRule[]>>;
}

/** The services of a registry, sorted by package and name. Methods keep their order. */
export function serviceTree(registry: Registry, { services, rules = {} }: ServiceTreeOptions = {}): PackageEntry[] {
  const shown = services && new Set(services);
  const packages = new Map<string, ServiceEntry[]>();
  for (const desc of registry) {
    if (desc.kind !== "service" || (shown && !shown.has(desc.typeName))) continue;
    const name = desc.file.proto.package;
    const entries = packages.get(name) ?? [];
    packages.set(name, entries);
    const comment = once(() => commentOf(desc));
    entries.push({
      desc,
      name: desc.name,
      package: name,
      get comment() {
        return comment();
      },
      methods: desc.methods.map((method) => methodEntry(method, rules[`${desc.typeName}.${method.name}`] ?? [])),
    });
  }
  return [...packages]
    .map(([name, entries]) => ({ name, services: entries.sort((one, other) => compare(one.name, other.name)) }))
    .sort((one, other) => compare(one.name, other.name));
}

function methodEntry(desc: DescMethod, rules: readonly HttpRule[]): MethodEntry {
  const path = `${desc.parent.typeName}/${desc.name}`;
  const comment = once(() => commentOf(desc));
  const text = once(() =>
    [path, comment(), ...rules.map((rule) => `${rule.verb} ${rule.path}`), desc.input.typeName, desc.output.typeName]
      .join("\n")
      .toLowerCase(),
  );
  return {
    desc,
    name: desc.name,
    path,
    kind: desc.methodKind,
    get comment() {
      return comment();
    },
    rules,
    deprecated: desc.deprecated,
    get text() {
      return text();
    },
  };
}

/** A value that is made when it is first needed: reading the comments of 7,000 methods takes long. */
function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Makes what a search looks at before it is needed, in slices. */
export async function prepareSearch(packages: readonly PackageEntry[]): Promise<void> {
  const slices = new Slices();
  for (const { services } of packages) {
    for (const service of services) {
      void service.comment;
      for (const { text } of service.methods) void text;
      if (slices.isOver) await slices.pause();
    }
  }
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** The methods that contain each word of a query. An empty query finds all. */
export function search(packages: readonly PackageEntry[], query: string): readonly PackageEntry[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return packages;
  return packages.flatMap(({ name, services }) => {
    const found = services.flatMap((service) => {
      const ofService = `${service.package}.${service.name}\n${service.comment}`.toLowerCase();
      const methods = service.methods.filter(({ text }) => words.every((word) => text.includes(word) || ofService.includes(word)));
      return methods.length === 0 ? [] : { ...service, methods };
    });
    return found.length === 0 ? [] : { name, services: found };
  });
}

/** The method with a path such as `package.Service/Method`. */
export function findMethod(packages: readonly PackageEntry[], path: string): MethodEntry | undefined {
  for (const { services } of packages) {
    for (const { methods } of services) for (const method of methods) if (method.path === path) return method;
  }
  return undefined;
}
