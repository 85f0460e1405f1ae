// The attributes that all calls of a method share.
import { methodPath } from "@grpc-study/rpc";
import { serverAttributes } from "./address.ts";
import type { Subject } from "./instruments.ts";
import { attribute } from "./names.ts";
import type { Method } from "./options.ts";

export class Subjects {
  /** By target, and by method. The target of a server is the empty string. */
  readonly #targets = new Map<string, WeakMap<Method, Subject>>();

  /** @param target that of the client's channel. */
  of(method: Method, target = ""): Subject {
    let subjects = this.#targets.get(target);
    if (subjects === undefined) {
      subjects = new WeakMap();
      this.#targets.set(target, subjects);
    }
    let subject = subjects.get(method);
    if (subject === undefined) {
      subject = subjectOf(methodPath(method), target === "" ? undefined : target);
      subjects.set(method, subject);
    }
    return subject;
  }
}

/** @param path `/package.Service/Method` of a method that exists. */
export function subjectOf(path: string, target: string | undefined): Subject {
  const name = path.slice(1);
  const client = target !== undefined;
  return {
    method: name,
    rpc: { [attribute.rpcSystem]: "grpc", [attribute.rpcMethod]: name, ...(client && serverAttributes(target)) },
    grpc: { [attribute.grpcMethod]: name, ...(client && { [attribute.grpcTarget]: canonical(target) }) },
  };
}

/** The subject of calls to methods that do not exist, so that clients cannot create values. */
export const unknownSubject: Subject = {
  method: "_OTHER",
  rpc: { [attribute.rpcSystem]: "grpc", [attribute.rpcMethod]: "_OTHER" },
  grpc: { [attribute.grpcMethod]: "other" },
};

/** The name of their spans: the system, because there is no method. */
export const unknownSpanName = "grpc";

/** The value of `rpc.method_original`. */
export function originalMethod(path: string): string {
  return path.slice(1, 201);
}

/** A66: the target with its scheme, which may be synthesized. */
function canonical(target: string): string {
  return /^(?:dns|ipv4|ipv6|unix|xds):/.test(target) || !target.includes(":") ? target : `dns:///${target}`;
}
