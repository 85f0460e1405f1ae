// Validates Kubernetes objects with the schemas of `kubernetes-models`, and finds unknown fields.
// Those schemas accept unknown fields, as Kubernetes itself once did. Their compiled validators read
// each field that they know, so a field that they never read is unknown.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { repository } from "../harness/paths.ts";

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

type Validate = ((data: unknown) => boolean) & { errors?: readonly { instancePath: string; message?: string; keyword: string }[] };

/** The objects of a file of `deploy/kubernetes`. */
export function objectsOf(file: string): KubernetesObject[] {
  const documents = parseAllDocuments(readFileSync(join(repository, "deploy/kubernetes", file), "utf8"));
  return [...documents].map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return document.toJS() as KubernetesObject;
  });
}

/** The faults of an object: `/spec/replicas type`, or `/spec/replicsa unknown`. */
export async function faultsOf(object: KubernetesObject): Promise<string[]> {
  const [group = "core", version = ""] = object.apiVersion.includes("/") ? object.apiVersion.split("/") : ["core", object.apiVersion];
  const title = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
  const name = `IoK8sApi${title(group)}${title(version)}${object.kind}`;
  const { validate } = (await import(`kubernetes-models/_schemas/${name}`)) as { readonly validate: Validate };
  const unread = new Set<string>();
  const isValid = validate(reading(object, "", unread));
  const wrong = isValid ? [] : (validate.errors ?? []).map(({ instancePath, keyword }) => `${instancePath} ${keyword}`);
  return [...wrong, ...[...unread].map((path) => `${path} unknown`)];
}

/** Returns a view of a value that removes the path of each property from `unread` when it is read. */
function reading<Value>(value: Value, path: string, unread: Set<string>): Value {
  if (typeof value !== "object" || value === null) return value;
  const views = new Map(Object.entries(value).map(([key, each]) => [key, reading(each, `${path}/${key}`, unread)]));
  for (const key of views.keys()) unread.add(`${path}/${key}`);
  return new Proxy(value, {
    get(target, key, receiver) {
      if (typeof key !== "string" || !views.has(key)) return Reflect.get(target, key, receiver) as unknown;
      unread.delete(`${path}/${key}`);
      return views.get(key);
    },
  });
}
