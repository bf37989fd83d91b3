/**
 * Which version each write of the model has got. A version that turns up for a second write was used twice, and a write that turns up with a second version has
 * changed without being written.
 */
export interface VersionNames {
  /** The found value with the names of writes in place of versions. A version that is new is that of the write expected in its place. */
  name(found: unknown, expected: unknown): unknown;
}

export function createVersionNames(): VersionNames {
  const names = new Map<string, string>();
  const named = new Set<string>();

  const nameOf = (version: string, expected: unknown): string => {
    const known = names.get(version);
    if (known !== undefined) return known;
    if (typeof expected !== "string" || named.has(expected)) return `unknown version ${version}`;
    names.set(version, expected);
    named.add(expected);
    return expected;
  };

  const name = (found: unknown, expected: unknown): unknown => {
    if (found instanceof Map) {
      const others = expected instanceof Map ? expected : new Map();
      return new Map(Array.from(found, ([key, item]) => [key, name(item, others.get(key))]));
    }
    if (Array.isArray(found)) {
      const others = Array.isArray(expected) ? expected : [];
      return found.map((item, i) => name(item, others[i]));
    }
    if (typeof found !== "object" || found === null || Object.getPrototypeOf(found) !== Object.prototype) return found;
    const others = (typeof expected === "object" && expected !== null ? expected : {}) as Record<string, unknown>;
    // In the order in which they are expected: that of an answer's properties promises nothing, unlike that of a value's.
    const properties = new Set([...Object.keys(others).filter((property) => property in found), ...Object.keys(found)]);
    return Object.fromEntries(
      Array.from(properties, (property) => {
        const item = (found as Record<string, unknown>)[property];
        if (property === "value" || property === "data") return [property, item];
        const isVersion = property === "version" && typeof item === "string";
        return [property, isVersion ? nameOf(item, others[property]) : name(item, others[property])];
      }),
    );
  };

  return { name };
}
