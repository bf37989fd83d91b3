/** A gate to the keys of one space that begin with a prefix, shown without it: what buckets and collections are. Everything else passes through. */
import { conflict, foundBy } from "./conflicts.ts";
import type { Bound, KeyRange, Op, Row, ScanPage, ScanRange, Space } from "./contract.ts";
import type { Gate } from "./gate.ts";
import { checkKey, prefixEnd } from "./keys.ts";

export function createPrefixGate(gate: Gate, space: Space, prefix: string): Gate {
  const full = (key: string): string => {
    const whole = prefix + key;
    checkKey(whole, `key with its prefix ${JSON.stringify(prefix)}`);
    return whole;
  };

  const shown = (row: Row): Row => ({ ...row, key: row.key.slice(prefix.length) });
  const shownIfAny = (row: Row | undefined) => (row === undefined ? undefined : shown(row));
  const fullBound = ({ key, inclusive }: Bound): Bound => ({ key: prefix + key, inclusive });

  const fullKeyRange = (range: KeyRange): KeyRange => {
    const end = prefixEnd(prefix);
    return {
      ...range,
      lower: range.lower === undefined ? { key: prefix, inclusive: true } : fullBound(range.lower),
      upper:
        range.upper === undefined
          ? end === undefined
            ? undefined
            : { key: end, inclusive: false }
          : fullBound(range.upper),
    };
  };

  const fullRange = (range: ScanRange): ScanRange => {
    if (range.by === "key") return fullKeyRange(range);
    const { after } = range;
    return after === undefined ? range : { ...range, after: { ...after, key: prefix + after.key } };
  };

  const fullOp = (op: Op): Op => {
    if (!("space" in op) || op.space !== space) return op;
    return op.op === "checkRange" ? { ...op, range: fullRange(op.range) } : { ...op, key: full(op.key) };
  };

  return {
    ...gate,
    read(inSpace, keys, call) {
      if (inSpace !== space) return gate.read(inSpace, keys, call);
      const rows = gate.read(space, keys.map(full), call);
      return rows instanceof Promise ? rows.then((found) => found.map(shownIfAny)) : rows.map(shownIfAny);
    },
    value: (key, call) => gate.value(space === "kv" ? full(key) : key, call),
    scan(inSpace, range, call) {
      if (inSpace !== space) return gate.scan(inSpace, range, call);
      const show = (page: ScanPage): ScanPage => ({ ...page, rows: page.rows.map(shown) });
      const page = gate.scan(space, fullRange(range), call);
      return page instanceof Promise ? page.then(show) : show(page);
    },
    commit: (ops, call) =>
      gate.commit(ops.map(fullOp), call).catch((error) => {
        const found = foundBy(error);
        throw found === undefined ? error : conflict(ops, found, call); // the same, with keys as they are shown
      }),
  };
}
