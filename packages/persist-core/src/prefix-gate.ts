/** A gate to the keys of one space that begin with a prefix, shown without it: what buckets and collections are. Everything else passes through. */
import type { Call } from "./calls.ts";
import { conflict, foundBy } from "./conflicts.ts";
import type { Bound, ChangedRow, ChangePage, KeyRange, Op, Row, ScanPage, ScanRange, Space } from "./contract.ts";
import type { Feed } from "./feed/feed.ts";
import type { Gate } from "./gate.ts";
import { checkKey, prefixEnd } from "./keys.ts";

export function createPrefixGate<G extends Gate>(gate: G, space: Space, prefix: string): G {
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

  const shownChange = (change: ChangedRow): ChangedRow => ({
    ...change,
    key: change.key.slice(prefix.length),
    row: shownIfAny(change.row),
  });

  /** Only the changes of these keys. */
  const fed = (feed: Feed): Feed => ({
    ...feed,
    changes(since, limit, call) {
      const show = (page: ChangePage): ChangePage => ({
        ...page,
        changes: page.changes
          .filter((change) => change.space === space && change.key.startsWith(prefix))
          .map(shownChange),
      });
      const page = feed.changes(since, limit, call);
      return page instanceof Promise ? page.then(show) : show(page);
    },
  });

  const shownConflicts =
    (conflicts: NonNullable<Gate["conflicts"]>): NonNullable<Gate["conflicts"]> =>
    (key, call) => {
      const rows = conflicts(full(key), call);
      return rows instanceof Promise ? rows.then((found) => found.map(shown)) : rows.map(shown);
    };

  return {
    ...gate,
    ...(gate.feed === undefined ? {} : { feed: fed(gate.feed) }),
    read(inSpace: Space, keys: readonly string[], call: Call) {
      if (inSpace !== space) return gate.read(inSpace, keys, call);
      const rows = gate.read(space, keys.map(full), call);
      return rows instanceof Promise ? rows.then((found) => found.map(shownIfAny)) : rows.map(shownIfAny);
    },
    ...(gate.conflicts === undefined || space !== "records" ? {} : { conflicts: shownConflicts(gate.conflicts) }),
    value: (key: string, call: Call) => gate.value(space === "kv" ? full(key) : key, call),
    scan(inSpace: Space, range: ScanRange, call: Call) {
      if (inSpace !== space) return gate.scan(inSpace, range, call);
      const show = (page: ScanPage): ScanPage => ({ ...page, rows: page.rows.map(shown) });
      const page = gate.scan(space, fullRange(range), call);
      return page instanceof Promise ? page.then(show) : show(page);
    },
    commit: (ops: readonly Op[], call: Call) =>
      gate.commit(ops.map(fullOp), call).catch((error) => {
        const found = foundBy(error);
        throw found === undefined ? error : conflict(ops, found, call); // the same, with keys as they are shown
      }),
  };
}
