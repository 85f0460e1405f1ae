// Which cases fail, or cannot apply, and why.

/** The pattern of a case name: `*` stands for one part between slashes, `**` for any number of them. */
export interface KnownFailure {
  readonly cases: string;
  readonly reason: string;
}

/** Cases that no server can pass. They do not run. */
export const inapplicable: readonly KnownFailure[] = [
  { cases: "**/HTTPVersion:1/Protocol:PROTOCOL_GRPC/**", reason: "gRPC needs HTTP/2" },
  { cases: "gRPC Unexpected Requests/HTTPVersion:1/**", reason: "gRPC needs HTTP/2" },
  { cases: "gRPC Proto Sub-Format Requests/HTTPVersion:1/**", reason: "gRPC needs HTTP/2" },
  { cases: "**/HTTPVersion:1/**/bidi-stream/full-duplex/**", reason: "HTTP/1.1 has no full duplex" },
];

export function find(list: readonly KnownFailure[], name: string): KnownFailure | undefined {
  return list.find(({ cases }) => toRegExp(cases).test(`${name}/`));
}

const compiled = new Map<string, RegExp>();

function toRegExp(pattern: string): RegExp {
  let result = compiled.get(pattern);
  if (result === undefined) {
    const parts = pattern.split("/").map((part) => {
      if (part === "**") return "(?:.+/)?";
      return `${part.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]*")}/`;
    });
    result = new RegExp(`^${parts.join("")}$`);
    compiled.set(pattern, result);
  }
  return result;
}
