import { encode } from "@cuitty/persist-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addToCells, valueOfCells } from "../../src/state/cells.ts";
import { conflictsOf, headsOf, updateDocument } from "../../src/state/document.ts";
import { rowId } from "../../src/state/row-id.ts";
import { decodeRow, encodeRow, type ReplicatedSpace } from "../../src/state/row-item.ts";
import { markOf, mergeStates, type RowState } from "../../src/state/row-state.ts";
import { type Clock, createClock } from "../../src/state/stamp.ts";
import { record } from "./codec-values.ts";

const keys = { records: "r", kv: "k" } as const;
type Space = keyof typeof keys;

/** One copy of the data: a record and a value. */
interface Peer {
  readonly clock: Clock;
  readonly writer: Uint8Array;
  readonly rows: Map<Space, RowState>;
  nextVersion(): string;
}

const zero = new Uint8Array(24);

function createPeer(n: number, now: () => number): Peer {
  const writer = new Uint8Array(16).fill(n + 1);
  let versions = 0;
  return {
    writer,
    clock: createClock({ writer, now }),
    rows: new Map(),
    nextVersion: () => `p${n}-${++versions}`,
  };
}

function put(peer: Peer, space: Space, value: string | undefined, expiresAt?: number): void {
  const present = peer.rows.get(space);
  if (present !== undefined) peer.clock.observe(present.stamp);
  const now = peer.clock.now();
  const stamp = peer.clock.tick();
  peer.rows.set(space, { stamp, value, version: peer.nextVersion(), expiresAt, createdAt: now, updatedAt: now });
}

function update(peer: Peer, next: string): void {
  const present = peer.rows.get("records");
  const value = present?.value;
  const after = value === undefined ? "rebase" : updateDocument({ ...(present as RowState), value }, next, peer);
  if (present === undefined || after === "rebase") {
    put(peer, "records", next);
    return;
  }
  const updatedAt = Math.max(peer.clock.now(), present.updatedAt);
  peer.rows.set("records", { ...present, ...after, value: next, version: peer.nextVersion(), updatedAt });
}

function increment(peer: Peer, by: number, at?: number): void {
  const now = peer.clock.now();
  const present = peer.rows.get("kv") ?? { stamp: zero, value: undefined, version: "", createdAt: now, updatedAt: now };
  const base = present.cells === undefined ? present.value : present.base;
  const cells = addToCells(base, present.cells ?? [], { writer: peer.writer, by });
  if (cells === undefined || cells === "rebase") throw new Error("Nothing can be added.");
  if (present.expiry !== undefined) peer.clock.observe(present.expiry.stamp);
  peer.rows.set("kv", {
    ...present,
    cells,
    base,
    value: valueOfCells(base, cells),
    version: peer.nextVersion(),
    updatedAt: Math.max(now, present.updatedAt),
    ...(at === undefined ? {} : { expiresAt: at, expiry: { stamp: peer.clock.tick(), at } }),
  });
}

/** Over the wire. */
function receive(peer: Peer, from: Peer): void {
  for (const [space, sent] of from.rows) {
    const { state } = decodeRow(encodeRow({ namespace: "", space, key: keys[space], state: sent }));
    const present = peer.rows.get(space);
    peer.rows.set(space, present === undefined ? state : mergeStates(present, state));
  }
}

/** All of a state that peers agree on. Documents of the same changes may differ in their bytes. */
function seen(space: ReplicatedSpace, state: RowState): unknown {
  const { document, stamp, version, value, expiresAt, createdAt, updatedAt, cells, base, expiry } = state;
  const mark = markOf(rowId("", space, "k"), state);
  const documented = document && { heads: headsOf(document), conflicts: conflictsOf(document) };
  return { documented, mark, stamp, version, value, expiresAt, createdAt, updatedAt, cells, base, expiry };
}

type Command = (peers: readonly Peer[], advance: (by: number) => void) => void;

function commands(count: number): fc.Arbitrary<Command[]> {
  const peer = fc.nat(count - 1);
  const text = record.map((value) => encode(value));
  const command: fc.Arbitrary<Command> = fc.oneof(
    {
      weight: 1,
      arbitrary: fc.tuple(peer, text).map(
        ([n, value]): Command =>
          (all) =>
            put(at(all, n), "records", value),
      ),
    },
    {
      weight: 5,
      arbitrary: fc.tuple(peer, text).map(
        ([n, next]): Command =>
          (all) =>
            update(at(all, n), next),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(peer, fc.integer()).map(
        ([n, v]): Command =>
          (all) =>
            put(at(all, n), "kv", encode(v), 5),
      ),
    },
    {
      weight: 4,
      arbitrary: fc.tuple(peer, fc.integer(), fc.option(fc.nat(9), { nil: undefined })).map(
        ([n, by, expires]): Command =>
          (all) =>
            increment(at(all, n), by, expires),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(peer, fc.constantFrom("records", "kv")).map(
        ([n, space]): Command =>
          (all) =>
            put(at(all, n), space as Space, undefined),
      ),
    },
    {
      weight: 6,
      arbitrary: fc.tuple(peer, peer).map(
        ([to, from]): Command =>
          (all) =>
            receive(at(all, to), at(all, from)),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.integer({ min: 0, max: 5 }).map(
        (by): Command =>
          (_, advance) =>
            advance(by),
      ),
    },
  );
  return fc.array(command, { minLength: 5, maxLength: 40 });
}

function at(peers: readonly Peer[], n: number): Peer {
  return peers[n] as Peer;
}

const schedule = fc.integer({ min: 3, max: 5 }).chain((count) =>
  fc.record({
    count: fc.constant(count),
    work: commands(count),
    exchanges: fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 10 }),
  }),
);

function run({ count, work }: { readonly count: number; readonly work: readonly Command[] }): {
  peers: Peer[];
  states: Map<Space, RowState[]>;
} {
  let now = 1000;
  // Clocks that disagree.
  const peers = Array.from({ length: count }, (_, n) => createPeer(n, () => now + 3 * n));
  const states = new Map<Space, RowState[]>([
    ["records", []],
    ["kv", []],
  ]);
  for (const command of work) {
    command(peers, (by) => {
      now += by;
    });
    for (const { rows } of peers) for (const [space, state] of rows) states.get(space)?.push(state);
  }
  return { peers, states };
}

describe("states of rows", () => {
  it("become equal on all peers, whatever they do and in whatever order they meet, however often", () => {
    fc.assert(
      fc.property(schedule, ({ count, work, exchanges }) => {
        const { peers } = run({ count, work });
        for (const [to, from] of exchanges) receive(at(peers, to), at(peers, from));
        for (let round = 0; round < count; round++) {
          for (const n of peers.keys()) receive(at(peers, n), at(peers, (n + 1) % count));
        }
        for (const space of ["records", "kv"] as const) {
          const [first, ...others] = peers.map(({ rows }) => rows.get(space));
          for (const other of others) {
            if (first === undefined || other === undefined) expect(other).toBe(first);
            else expect(seen(space, other)).toEqual(seen(space, first));
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  it("make the same in whatever order two and three of them are merged, and nothing new with themselves", () => {
    fc.assert(
      fc.property(schedule, fc.nat(), fc.nat(), fc.nat(), (plan, i, j, k) => {
        for (const [space, all] of run(plan).states) {
          if (all.length === 0) continue;
          const [a, b, c] = [i, j, k].map((n) => all[n % all.length] as RowState) as [RowState, RowState, RowState];
          const ab = mergeStates(a, b);
          expect(seen(space, mergeStates(b, a))).toEqual(seen(space, ab));
          expect(seen(space, mergeStates(ab, c))).toEqual(seen(space, mergeStates(a, mergeStates(b, c))));
          expect(mergeStates(a, a)).toBe(a);
          expect(mergeStates(ab, a)).toBe(ab);
          expect(seen(space, mergeStates(b, ab))).toEqual(seen(space, ab));
        }
      }),
      { numRuns: 150 },
    );
  });

  it("have equal marks where they are equal only", () => {
    fc.assert(
      fc.property(schedule, (plan) => {
        for (const [space, all] of run(plan).states) {
          const byMark = new Map<string, unknown>();
          for (const state of all) {
            const mark = Buffer.from(markOf(rowId("", space, "k"), state)).toString("hex");
            const whole = seen(space, state);
            expect(whole).toEqual(byMark.get(mark) ?? whole);
            byMark.set(mark, whole);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it("keep the text of an author until concurrent updates are merged", () => {
    const now = () => 5;
    const [a, b] = [createPeer(0, now), createPeer(1, now)];
    put(a, "records", '{"z":1,"b":1}');
    receive(b, a);
    update(b, '{"z":2,"b":1}');
    const version = b.rows.get("records")?.version;
    receive(a, b);
    expect(a.rows.get("records")).toMatchObject({ value: '{"z":2,"b":1}', version });
    update(a, '{"z":2,"b":2}');
    update(b, '{"z":3,"b":1}');
    receive(a, b);
    expect(a.rows.get("records")?.value).toBe('{"b":2,"z":3}');
    expect(a.rows.get("records")?.version).toMatch(/^m[0-9a-f]{24}$/);
  });

  it("lose what was added to a base that another one has replaced", () => {
    const now = () => 5;
    const [a, b] = [createPeer(0, now), createPeer(1, now)];
    put(a, "kv", "1");
    receive(b, a);
    increment(b, 1);
    put(a, "kv", "10");
    receive(b, a);
    receive(a, b);
    expect(a.rows.get("kv")?.value).toBe("10");
    expect(b.rows.get("kv")).toEqual(a.rows.get("kv"));
  });

  it("count what several add where nothing was", () => {
    const now = () => 5;
    const [a, b] = [createPeer(0, now), createPeer(1, now)];
    increment(a, 2);
    increment(b, 3, 70);
    receive(a, b);
    receive(b, a);
    expect(a.rows.get("kv")).toMatchObject({ value: "5", expiresAt: 70 });
    expect(seen("kv", b.rows.get("kv") as RowState)).toEqual(seen("kv", a.rows.get("kv") as RowState));
  });
});
