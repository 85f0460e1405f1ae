// The calls of interceptors and the contexts of handlers: assigning any other member throws a
// TypeError. To freeze each object would have that effect as well, but takes as long as the rest of
// what an interceptor costs.

/** Makes an assignment throw a TypeError, unless the class has the member and can set it. */
export function noFurtherMembers(prototype: object): void {
  const trap: ProxyHandler<object> = {
    set(_target, name) {
      throw new TypeError(`the call of an interceptor or handler has no member ${String(name)}: pass values in \`values\``);
    },
  };
  Object.setPrototypeOf(prototype, new Proxy({}, trap));
}
