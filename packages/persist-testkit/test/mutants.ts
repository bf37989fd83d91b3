// Adapters that are wrong on purpose, each in one way that has been seen in the wild, with the clauses that must tell.
import {
  type CommitResult,
  type Engine,
  type KeyRange,
  memory,
  type Op,
  type PersistAdapter,
  type Row,
  type Scope,
} from "@cuitty/persist-core";
import type { Harness } from "@cuitty/persist-testkit";
import { bareAdapter } from "./harnesses.ts";

export interface Mutant {
  readonly name: string;
  /** Each of them must fail. */
  readonly clauses: readonly string[];
  /** A clause with random sequences that must find it too. */
  readonly model?: string;
  create(): Harness;
}

/** The memory engine with some of its verbs replaced. */
function engineMutant(
  name: string,
  clauses: readonly string[],
  change: (engine: Engine) => Partial<Engine>,
  more: { model?: string; scope?: (scope: Scope) => Scope } = {},
): Mutant {
  const { model, scope: changeScope = (scope: Scope) => scope } = more;
  return {
    name,
    clauses,
    ...(model === undefined ? {} : { model }),
    create: () =>
      harnessOf(name, () => {
        const adapter = memory();
        const open = async (scope: Scope): Promise<Engine> => {
          const engine = (await adapter.engine?.(changeScope(scope))) as Engine;
          return { ...engine, ...change(engine) };
        };
        return { ...adapter, engine: open };
      }),
  };
}

function harnessOf(name: string, create: () => PersistAdapter): Harness {
  const adapters = new Map<string, PersistAdapter>();
  return {
    name,
    async open(id) {
      const adapter = adapters.get(id) ?? create();
      adapters.set(id, adapter);
      return adapter;
    },
    destroy: async (id) => void adapters.delete(id),
  };
}

const everything: KeyRange = { by: "key", reverse: false, limit: Number.MAX_SAFE_INTEGER, keysOnly: false };

/** Every commit with each of its operations changed. */
const changingOps =
  (change: (op: Op) => Op) =>
  (engine: Engine): Partial<Engine> => ({
    commit: (lists, o) =>
      engine.commit(
        lists.map((list) => list.map(change)),
        o,
      ),
  });

/** Keys changed on their way in, so that some fall together. */
const foldingKeys =
  (fold: (key: string) => string) =>
  (engine: Engine): Partial<Engine> => ({
    read: (space, keys, o) => engine.read(space, keys.map(fold), o),
    commit: (lists, o) =>
      engine.commit(
        lists.map((list) => list.map((op) => ("key" in op ? { ...op, key: fold(op.key) } : op))),
        o,
      ),
  });

const withoutCondition = (op: Op): Op => {
  if (!("ifVersion" in op) || op.op === "check") return op;
  const { ifVersion: _, ...rest } = op;
  return rest as Op;
};

const applied = (results: readonly CommitResult[]) => results.every(({ outcome }) => outcome === "applied");

export const mutants: readonly Mutant[] = [
  engineMutant(
    "orders keys by UTF-16 units",
    ["K-order-astral-kv-list", "K-order-table-records-list", "K-engine-scan-order"],
    (engine) => ({
      async scan(space, range, o) {
        if (range.by === "index") return engine.scan(space, range, o);
        const { lower, upper, reverse, limit, keysOnly } = range;
        const { rows } = await engine.scan(space, { ...everything, keysOnly }, o);
        const within = rows
          .filter(({ key }) => lower === undefined || key > lower.key || (lower.inclusive && key === lower.key))
          .filter(({ key }) => upper === undefined || key < upper.key || (upper.inclusive && key === upper.key))
          .sort((a, b) => (a.key < b.key === reverse ? 1 : -1));
        return { rows: within.slice(0, limit), more: within.length > limit };
      },
    }),
    { model: "K-model-kv" },
  ),
  {
    name: "lists by LIKE",
    clauses: ["K-adapter-list-prefix"],
    create: () =>
      harnessOf("lists by LIKE", () => {
        const map = new Map<string, string>();
        return {
          ...bareAdapter(map),
          async *list(prefix) {
            const escaped = prefix
              .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
              .replaceAll("_", ".")
              .replaceAll("%", ".*");
            const pattern = new RegExp(`^${escaped}`, "is");
            for (const [key, text] of map) if (pattern.test(key)) yield { key, value: JSON.parse(text) };
          },
        };
      }),
  },
  engineMutant(
    "loses the sign of zero",
    ["K-value-negative-zero"],
    changingOps((op) => (op.op === "put" ? { ...op, value: op.value.replaceAll('{"$n":"-0"}', "0") } : op)),
    { model: "K-model-kv" },
  ),
  engineMutant(
    "sorts the properties of objects, as jsonb does",
    ["K-value-key-order", "K-engine-values-opaque"],
    changingOps((op) => (op.op === "put" && op.space !== "blobs" ? { ...op, value: sorted(op.value) } : op)),
    { model: "K-model-records" },
  ),
  engineMutant(
    "cuts texts at NUL",
    ["K-value-nul-text"],
    changingOps((op) => (op.op === "put" ? { ...op, value: op.value.replaceAll("\\u0000", "") } : op)),
  ),
  engineMutant(
    "lists what has expired",
    ["K-expiry-gone-kv-list", "K-expiry-gone-records-list", "K-engine-expired"],
    (engine) => ({ scan: (space, range, o) => engine.scan(space, range, { ...o, now: 0 }) }),
    { model: "K-model-kv" },
  ),
  engineMutant(
    "judges conditions by what has expired",
    ["K-expiry-gone-kv-if-none-match", "K-expiry-version"],
    (engine) => ({ commit: (lists, o) => engine.commit(lists, { ...o, now: 0 }) }),
  ),
  engineMutant(
    "expires a millisecond late",
    ["K-expiry-ttl-number-1", "K-engine-expired"],
    (engine) => ({
      read: (space, keys, o) => engine.read(space, keys, { ...o, now: o.now - 1 }),
    }),
    { model: "K-model-kv" },
  ),
  engineMutant("makes versions from values", ["K-records-version-changes", "K-if-aba-kv-set"], (engine) => {
    const byValue = <R extends Row | undefined>(row: R) => row && { ...row, version: `v-${row.value}` };
    return {
      read: async (space, keys, o) => (await engine.read(space, keys, o)).map(byValue),
      commit: async (lists, o) => {
        const translated: Op[][] = [];
        for (const list of lists) {
          const ops: Op[] = [];
          for (const op of list) {
            const isAsked = "ifVersion" in op && typeof op.ifVersion === "string";
            const row = isAsked ? (await engine.read(op.space, [op.key], o))[0] : undefined;
            ops.push(
              row !== undefined && isAsked && op.ifVersion === `v-${row.value}`
                ? { ...op, ifVersion: row.version }
                : op,
            );
          }
          translated.push(ops);
        }
        return engine.commit(translated, o);
      },
    };
  }),
  engineMutant(
    "ignores conditions",
    ["K-if-match-stale-kv-set", "K-if-none-match-records-put", "K-records-insert"],
    changingOps(withoutCondition),
    { model: "K-model-kv" },
  ),
  engineMutant(
    "ignores conditions of deletes",
    ["K-if-match-stale-kv-delete", "K-if-match-stale-records-delete", "K-if-race-blobs-delete"],
    changingOps((op) => (op.op === "delete" ? withoutCondition(op) : op)),
  ),
  engineMutant(
    "writes half of what it refuses",
    ["K-engine-commit-conflict-op", "K-engine-commit-judged-first"],
    (engine) => ({
      async commit(lists, o) {
        const results: CommitResult[] = [];
        for (const list of lists) {
          let result: CommitResult = { outcome: "applied", time: o.now, answers: [] };
          for (const [op, one] of list.entries()) {
            const [alone] = await engine.commit([[one]], o);
            if (alone?.outcome !== "applied") {
              result = { outcome: "conflict", op };
              break;
            }
            result = { ...alone, answers: [...(result.outcome === "applied" ? result.answers : []), ...alone.answers] };
          }
          results.push(result);
        }
        return results;
      },
    }),
  ),
  engineMutant(
    "refuses a whole group for one of its lists",
    ["K-engine-commit-groups", "K-engine-commit-in-turn"],
    (engine) => ({
      async commit(lists, o) {
        const results = await engine.commit(lists, o);
        const refusal = results.find(({ outcome }) => outcome === "conflict");
        return refusal === undefined ? results : lists.map(() => refusal);
      },
    }),
  ),
  engineMutant(
    "acknowledges before it applies",
    ["K-kv-read-your-writes", "K-records-read-your-writes", "K-kv-increment"],
    (engine) => {
      let queue: Promise<unknown> = Promise.resolve();
      return {
        async commit(lists, o) {
          const before = queue;
          queue = before
            .then(() => new Promise((resolve) => setTimeout(resolve, 2)))
            .then(() => engine.commit(lists, o));
          return lists.map((list) => ({
            outcome: "applied",
            time: o.now,
            answers: list.map(() => ({
              createdAt: o.now,
              existed: true,
              value: "1",
              appended: { version: 1, position: 1, duplicate: false },
            })),
          }));
        },
      };
    },
  ),
  engineMutant(
    "forgets checks of ranges",
    ["K-tx-phantom", "K-tx-read-list-insert", "K-engine-check-range"],
    changingOps((op) => (op.op === "checkRange" ? { op: "check", space: "system", key: "none", ifVersion: null } : op)),
  ),
  engineMutant(
    "forgets checks of keys",
    ["K-tx-read-kv-get", "K-tx-write-skew", "K-engine-check"],
    changingOps((op) => (op.op === "check" ? { op: "check", space: "system", key: "none", ifVersion: null } : op)),
  ),
  engineMutant(
    "forgets the entries of a reindex",
    ["K-engine-reindex", "K-engine-reindex-unique", "K-index-restart"],
    changingOps((op) => (op.op === "reindex" ? { ...op, index: [] } : op)),
  ),
  engineMutant("reindexes what was written meanwhile", ["K-engine-reindex-version"], (engine) => ({
    async commit(lists, o) {
      const present = async (op: Op): Promise<Op> => {
        if (op.op !== "reindex") return op;
        const [row] = await engine.read("records", [op.key], o);
        return row === undefined ? op : { ...op, ifVersion: row.version };
      };
      const changed: Op[][] = [];
      for (const list of lists) changed.push(await Promise.all(list.map(present)));
      return engine.commit(changed, o);
    },
  })),
  engineMutant(
    "ends a listing after its first page",
    ["K-list-batches-kv-list", "K-list-many", "K-engine-scan-limit"],
    (engine) => ({ scan: async (space, range, o) => ({ ...(await engine.scan(space, range, o)), more: false }) }),
    { model: "K-model-kv" },
  ),
  engineMutant(
    "takes exclusive bounds for inclusive ones",
    ["K-list-start-after-kv-list", "K-engine-scan-lower-exclusive"],
    (engine) => ({
      scan: (space, range, o) =>
        engine.scan(
          space,
          range.by === "key" && range.lower ? { ...range, lower: { ...range.lower, inclusive: true } } : range,
          o,
        ),
    }),
  ),
  engineMutant(
    "folds case",
    ["K-key-distinct-case", "K-key-distinct-case-beyond-ascii"],
    foldingKeys((key) => key.toLowerCase()),
    { model: "K-model-kv" },
  ),
  engineMutant(
    "normalises Unicode",
    ["K-key-distinct-normal-forms"],
    foldingKeys((key) => key.normalize("NFC")),
    { model: "K-model-kv" },
  ),
  engineMutant(
    "trims keys",
    ["K-key-trailing-space", "K-key-distinct-leading-space"],
    foldingKeys((key) => key.trim() || key),
  ),
  engineMutant(
    "cuts keys at 255 characters",
    ["K-key-longest-ascii", "K-key-distinct-last-byte"],
    foldingKeys((key) => key.slice(0, 255)),
  ),
  engineMutant("shares one scope among all namespaces", ["K-scope-two", "K-scope-none"], () => ({}), {
    scope: ({ name }) => ({ name, namespace: "" }),
  }),
  engineMutant(
    "takes repeated events for new ones",
    ["K-events-again", "K-events-again-race", "K-engine-append-again"],
    (engine) => {
      let count = 0;
      const fresh = (op: Op): Op =>
        op.op === "append"
          ? { ...op, events: op.events.map((event) => ({ ...event, id: `${event.id}#${++count}` })) }
          : op;
      return {
        commit: (lists, o) =>
          engine.commit(
            lists.map((list) => list.map(fresh)),
            o,
          ),
        events: async (range, o) => {
          const page = await engine.events({ ...range, ids: undefined }, o);
          const events = page.events.map((event) => ({ ...event, id: event.id.replace(/#\d+$/, "") }));
          return { events, more: page.more };
        },
      };
    },
    { model: "K-model-events" },
  ),
  engineMutant(
    "ignores what an append expects",
    ["K-events-expected-no-stream", "K-events-expected-race", "K-engine-append-expected"],
    changingOps((op) => (op.op === "append" ? { ...op, expected: undefined } : op)),
    { model: "K-model-events" },
  ),
  engineMutant(
    "lets the time of events go back",
    ["K-events-time-never-back", "K-engine-time-never-back"],
    (engine) => {
      const times = new Map<number, number>();
      return {
        async commit(lists, o) {
          const results = await engine.commit(lists, o);
          const [head] = await engine.read("streams", [""], o);
          if (head !== undefined && applied(results))
            times.set((JSON.parse(head.value) as { position: number }).position, o.now);
          return results;
        },
        events: async (range, o) => {
          const page = await engine.events(range, o);
          return {
            ...page,
            events: page.events.map((event) => ({ ...event, time: times.get(event.position) ?? event.time })),
          };
        },
      };
    },
  ),
  engineMutant(
    "does not judge what an erasure expects",
    ["K-engine-erase-expected"],
    changingOps((op) => (op.op === "erase" ? { ...op, expected: undefined } : op)),
  ),
  engineMutant("reports erased events", ["K-engine-erase", "K-engine-erase-unless"], (engine) => ({
    commit: (lists, o) =>
      engine.commit(
        lists.map((list) =>
          list.map((op) => (op.op === "erase" ? { op: "check", space: "system", key: "none", ifVersion: null } : op)),
        ),
        o,
      ),
  })),
  engineMutant("leaves the version of a stream's row when it erases", ["K-engine-erase-row"], (engine) => ({
    async read(space, keys, o) {
      const rows = await engine.read(space, keys, o);
      return space === "streams"
        ? rows.map((row) => row && { ...row, version: row.version.replace(/\..*/, "") })
        : rows;
    },
  })),
  engineMutant(
    "reads the newest bytes, whatever the row says",
    ["K-tx-blobs", "K-engine-bytes-concurrent"],
    (engine) => {
      let latest: string | undefined;
      return {
        bytes: {
          ...engine.bytes,
          async stage(body, o) {
            const staged = await engine.bytes.stage(body, o);
            latest = staged.token;
            return staged;
          },
          open: (row, range, o) => engine.bytes.open({ ...row, content: latest }, range, o),
        },
      };
    },
  ),
  engineMutant("loses the last byte of long contents", ["K-blobs-body-3m", "K-engine-bytes-1500000"], (engine) => ({
    bytes: {
      ...engine.bytes,
      open: (row, range, o) => engine.bytes.open(row, { ...range, length: Math.min(range.length, 1_000_000) }, o),
    },
  })),
  engineMutant(
    "takes other bytes for those that are staged already",
    ["K-engine-extend-conflict", "K-engine-extend-race", "K-upload-overtaken"],
    (engine) => ({
      bytes: {
        ...engine.bytes,
        async extend(token, offset, part, o) {
          try {
            return await engine.bytes.extend(token, offset, part, o);
          } catch (error) {
            const extended = await engine.bytes.extended(token as string, o);
            if (extended === undefined) throw error;
            return extended;
          }
        },
      },
    }),
  ),
  engineMutant("extends bytes that a row has", ["K-engine-extend-gone"], (engine) => ({
    bytes: {
      ...engine.bytes,
      extend: async (token, offset, part, o) =>
        (await engine.bytes.extended(token ?? "", o)) === undefined && token !== undefined
          ? { token, size: offset + part.length }
          : engine.bytes.extend(token, offset, part, o),
      extended: async (token, o) => (await engine.bytes.extended(token, o)) ?? { token, size: 100 },
    },
  })),
  engineMutant(
    "takes the bytes away with the row that is deleted",
    ["K-engine-move", "K-blobs-move", "K-blobs-move-swept"],
    (engine) => ({
      async commit(lists, o) {
        const deletes = lists.flat().filter((op) => op.op === "delete" && op.space === "blobs") as { key: string }[];
        const rows = await engine.read(
          "blobs",
          deletes.map(({ key }) => key),
          o,
        );
        const results = await engine.commit(lists, o);
        const { contents } = engine.raw() as { contents: Map<string, unknown> };
        if (applied(results)) for (const row of rows) contents.delete(row?.content ?? "");
        return results;
      },
    }),
  ),
  engineMutant("reports only what was put, and no deletions, as changes", ["K-engine-changes-deleted"], (engine) => ({
    async changes(since, limit, o) {
      const page = await engine.changes(since, limit, o);
      return { ...page, changes: page.changes.filter(({ row }) => row !== undefined) };
    },
  })),
  engineMutant(
    "takes what has expired away without a trace",
    ["K-engine-sweep-expired", "K-engine-sweep-steps"],
    (engine) => ({
      async changes(since, limit, o) {
        const page = await engine.changes(since, limit, o);
        return { ...page, changes: page.changes.filter(({ reason }) => reason !== "expired") };
      },
    }),
  ),
  engineMutant(
    "begins the feed a change too late",
    ["K-engine-changes-resume", "K-feed-resume", "K-feed-many-writers"],
    (engine) => ({
      async changes(since, limit, o) {
        const page = await engine.changes(since, limit, o);
        return since === undefined ? page : { ...page, changes: page.changes.slice(1) };
      },
    }),
  ),
  engineMutant("knows the end of the feed only as its beginning", ["K-engine-latest"], (engine) => ({
    latest: async (o) => (await engine.changes(undefined, 1, { ...o, now: 0 })).changes[0]?.cursor ?? engine.latest(o),
  })),
  engineMutant("loses the first event after a page", ["K-subscribe-many-writers"], (engine) => ({
    async events(range, o) {
      const page = await engine.events(range, o);
      const isLater = !range.reverse && range.ids === undefined && (range.from ?? 1) > 500;
      return isLater ? { ...page, events: page.events.slice(1) } : page;
    },
  })),
  engineMutant("never wakes anybody", ["K-engine-wake"], () => ({ wake: () => () => undefined })),
  engineMutant(
    "leaves unique entries unguarded",
    ["K-engine-unique", "K-engine-unique-race"],
    changingOps((op) =>
      op.op === "put" && op.index ? { ...op, index: op.index.map((entry) => ({ ...entry, unique: false })) } : op,
    ),
  ),
  {
    name: "keeps nothing",
    clauses: ["K-open-again", "K-adapter-reopened", "K-events-again-reopened"],
    model: "K-model-all",
    create: () => ({ name: "keeps nothing", open: async () => memory() }),
  },
  {
    name: "throws errors of its own",
    clauses: ["K-records-missing"],
    create: () =>
      harnessOf("throws errors of its own", () => ({
        ...bareAdapter(new Map()),
        async get() {
          throw new TypeError("cannot read properties of undefined");
        },
      })),
  },
];

/** The JSON with the properties of all objects in alphabetical order. */
function sorted(text: string): string {
  const sort = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sort);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries.map(([key, item]) => [key, sort(item)]));
  };
  try {
    return JSON.stringify(sort(JSON.parse(text)));
  } catch {
    return text;
  }
}
