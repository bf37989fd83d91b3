/** Any value as short text for a message: what differs must look different. */
export function show(value: unknown, depth = 4): string {
  switch (typeof value) {
    case "string":
      return showText(value);
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "bigint":
      return `${value}n`;
    case "object":
      return value === null ? "null" : showObject(value, depth);
    case "function":
      return `function ${value.name}`;
    default:
      return String(value);
  }
}

const longestText = 120;
const mostItems = 12;

/** Everything outside of printable ASCII as an escape: an e with an accent must not look like one with a combining accent. */
function showText(text: string): string {
  const cut = text.length > longestText ? text.slice(0, longestText) : text;
  const escaped = JSON.stringify(cut).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return cut === text ? escaped : `${escaped}… (${text.length} units)`;
}

function showObject(value: object, depth: number): string {
  if (value instanceof Error) {
    const { code } = value as { code?: unknown };
    return `${value.name}${code === undefined ? "" : ` ${String(code)}`}: ${value.message}`;
  }
  if (value instanceof Date) return `Date(${Number.isNaN(value.getTime()) ? "invalid" : value.toISOString()})`;
  if (value instanceof Uint8Array) {
    const start = Array.from(value.subarray(0, mostItems), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    return `Uint8Array(${value.length})[${start}${value.length > mostItems ? " …" : ""}]`;
  }
  if (depth === 0) return "…";
  const inner = (item: unknown) => show(item, depth - 1);
  if (Array.isArray(value)) return `[${list(value.map(inner))}]`;
  if (value instanceof Set) return `Set{${list(Array.from(value, inner))}}`;
  if (value instanceof Map)
    return `Map{${list(Array.from(value, ([key, item]) => `${inner(key)} => ${inner(item)}`))}}`;
  const entries = Reflect.ownKeys(value).map((key) => {
    const name = typeof key === "string" && /^\w+$/.test(key) ? key : show(key);
    return `${name}: ${inner((value as Record<PropertyKey, unknown>)[key])}`;
  });
  return `{${list(entries)}}`;
}

function list(items: readonly string[]): string {
  if (items.length <= mostItems) return items.join(", ");
  return `${items.slice(0, mostItems).join(", ")}, … (${items.length} in all)`;
}
