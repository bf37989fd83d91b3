/**
 * When two values are the same to a user: NaN is NaN, -0 is not 0, bytes are compared by content, and objects by their own properties. With `ordered` the order
 * of properties counts too.
 */
export function isEqual(a: unknown, b: unknown, ordered = false): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const kind = kindOf(a);
  if (kind !== kindOf(b)) return false;
  switch (kind) {
    case "date":
      return Object.is((a as Date).getTime(), (b as Date).getTime());
    case "bytes":
      return isEqualBytes(a as Uint8Array, b as Uint8Array);
    case "array":
      return isEqualList(a as unknown[], b as unknown[], ordered);
    case "set":
      return isEqualList([...(a as Set<unknown>)], [...(b as Set<unknown>)], ordered);
    case "map":
      return isEqualList([...(a as Map<unknown, unknown>)], [...(b as Map<unknown, unknown>)], ordered);
    case "object":
      return isEqualObject(a as Properties, b as Properties, ordered);
    default:
      return false; // instances of other classes are only equal to themselves
  }
}

type Properties = Record<PropertyKey, unknown>;

function kindOf(value: object): string | undefined {
  if (Array.isArray(value)) return "array";
  if (value instanceof Date) return "date";
  if (value instanceof Uint8Array) return "bytes";
  if (value instanceof Map) return "map";
  if (value instanceof Set) return "set";
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype ? "object" : undefined;
}

/** A loop of its own: blobs are long, and asking of each byte what kind of value it is takes longer than all else that is compared. */
function isEqualBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function isEqualList(a: ArrayLike<unknown>, b: ArrayLike<unknown>, ordered: boolean): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!isEqual(a[i], b[i], ordered)) return false;
  return true;
}

function isEqualObject(a: Properties, b: Properties, ordered: boolean): boolean {
  const names = Reflect.ownKeys(a);
  const others = Reflect.ownKeys(b);
  if (names.length !== others.length) return false;
  return names.every(
    (name, i) => (ordered ? others[i] === name : Object.hasOwn(b, name)) && isEqual(a[name], b[name], ordered),
  );
}
