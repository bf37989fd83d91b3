// The checkers of histories, on histories that are known to be right or wrong; and then the engines, by the checkers.
import { certify } from "@cuitty/persist-testkit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Action, Call } from "../src/history/call.ts";
import { type AppendCall, checkEventOrder, type ReadCall, type SeenEvent } from "../src/history/event-order.ts";
import { checkLinearizable } from "../src/history/linearizable.ts";
import { distantHarness, liftHarness, memoryHarness } from "./harnesses.ts";

const call = (called: number, answered: number | undefined, action: Action, key = "k"): Call => ({
  client: `c${called}`,
  key,
  called,
  ...(answered === undefined ? {} : { answered }),
  action,
});
const get = (value?: unknown, version?: string): Action => ({
  do: "get",
  found: value === undefined ? undefined : { value, ...(version === undefined ? {} : { version }) },
});
const set = (value: string, version = `v-${value}`): Action => ({ do: "set", value, version });
const remove = (existed?: boolean): Action => (existed === undefined ? { do: "delete" } : { do: "delete", existed });
const swap = (expected: string | null, value: string, applied?: boolean): Action => ({
  do: "compareAndSet",
  expected,
  value,
  version: `v-${value}`,
  ...(applied === undefined ? {} : { applied }),
});
const add = (by: number, sum?: number): Action => ({ do: "increment", by, ...(sum === undefined ? {} : { sum }) });

const settledAt = (settled: number, doubtful: Call): Call => ({ ...doubtful, settled });

const right: readonly (readonly [string, readonly Call[]])[] = [
  ["nothing", []],
  ["one after the other", [call(1, 2, set("a")), call(3, 4, get("a")), call(5, 6, remove(true)), call(7, 8, get())]],
  ["a read beside a write sees what was before", [call(1, 4, set("a")), call(2, 3, get())]],
  ["a read beside a write sees what will be", [call(1, 4, set("a")), call(2, 3, get("a"))]],
  [
    "writes beside each other in an order that only reads tell",
    [call(1, 10, set("a")), call(2, 9, set("b")), call(11, 12, get("a")), call(3, 4, get("b"))],
  ],
  ["a write of unknown outcome that happened", [call(1, undefined, set("a")), call(5, 6, get("a"))]],
  ["a write of unknown outcome that did not happen", [call(1, undefined, set("a")), call(5, 6, get())]],
  [
    "a write of unknown outcome that happened late",
    [call(1, undefined, set("a")), call(2, 3, set("b")), call(4, 5, get("b")), call(6, 7, get("a"))],
  ],
  [
    "a delete of unknown outcome that only its absence tells",
    [
      call(1, 2, set("a")),
      call(3, undefined, remove()),
      call(4, 5, get("a")),
      call(6, 7, get()),
      call(8, 9, swap(null, "b", true)),
    ],
  ],
  [
    "a condition of unknown outcome that was met",
    [call(1, 2, set("a")), call(3, undefined, swap("v-a", "b")), call(4, 5, get("b", "v-b"))],
  ],
  [
    "a condition of unknown outcome that was met no more",
    [
      call(1, 2, set("a")),
      call(3, undefined, swap("v-a", "b")),
      call(4, 5, set("c")),
      call(6, 7, get("c")),
      call(8, 9, swap("v-c", "d", true)),
    ],
  ],
  [
    "a refusal because of a write of unknown outcome",
    [call(1, 2, set("a")), call(3, undefined, set("b")), call(4, 5, swap("v-a", "c", false)), call(6, 7, get("b"))],
  ],
  [
    "a write of unknown outcome that happened before that was settled",
    [settledAt(4, call(1, undefined, set("a"))), call(2, 3, set("b")), call(5, 6, get("a"))],
  ],
  ["increments in any order", [call(1, 9, add(1, 3)), call(2, 8, add(2, 2)), call(10, 11, get(3))]],
  ["an increment of unknown outcome", [call(1, undefined, add(1)), call(2, 3, add(1, 2))]],
  [
    "a version that nobody was told",
    [call(1, 2, add(1, 1)), call(3, 4, get(1, "x")), call(5, 6, swap("x", "a", true))],
  ],
  ["keys that have nothing to do with each other", [call(1, 2, set("a"), "k"), call(3, 4, get(), "l")]],
];

const wrong: readonly (readonly [string, readonly Call[]])[] = [
  ["a stale read", [call(1, 2, set("a")), call(3, 4, set("b")), call(5, 6, get("a"))]],
  ["a read of what was never written", [call(1, 2, set("a")), call(3, 4, get("b"))]],
  ["a read of what will be written", [call(1, 2, get("a")), call(3, 4, set("a"))]],
  ["a write that was lost", [call(1, 2, set("a")), call(3, 4, get())]],
  ["a delete that was lost", [call(1, 2, set("a")), call(3, 4, remove(true)), call(5, 6, get("a"))]],
  [
    "a write of unknown outcome that happened after that was settled",
    [settledAt(3, call(1, undefined, set("a"))), call(4, 5, set("b")), call(6, 7, get("b")), call(8, 9, get("a"))],
  ],
  ["reads that go back", [call(1, 10, set("a")), call(2, 3, get("a")), call(4, 5, get())]],
  [
    "an update that was lost",
    [call(1, 2, set("a")), call(3, 6, swap("v-a", "b", true)), call(4, 5, swap("v-a", "c", true))],
  ],
  ["two that both made it anew", [call(1, 4, swap(null, "a", true)), call(2, 3, swap(null, "b", true))]],
  ["a condition that was met and refused", [call(1, 2, set("a")), call(3, 4, swap("v-a", "b", false))]],
  ["a condition that was not met", [call(1, 2, set("a")), call(3, 4, swap("v-b", "c", true))]],
  ["increments that had the same answer", [call(1, 4, add(1, 1)), call(2, 3, add(1, 1))]],
  ["an increment that was lost", [call(1, 2, add(1, 1)), call(3, 4, add(1, 2)), call(5, 6, get(1))]],
  [
    "a write of unknown outcome that happened twice",
    [call(1, undefined, set("a")), call(2, 3, get("a")), call(4, 5, remove(true)), call(6, 7, get("a"))],
  ],
  ["a write of unknown outcome that happened before it was made", [call(1, 2, get("a")), call(3, undefined, set("a"))]],
  ["an increment of unknown outcome that happened twice", [call(1, undefined, add(1)), call(2, 3, add(1, 3))]],
  ["a delete that found nothing though something was there", [call(1, 2, set("a")), call(3, 4, remove(false))]],
  ["the value of one write with the version of another", [call(1, 2, set("a")), call(3, 4, get("a", "v-b"))]],
  ["a version that changes by itself", [call(1, 2, add(1, 1)), call(3, 4, get(1, "x")), call(5, 6, get(1, "y"))]],
  [
    "one key among many",
    [call(1, 2, set("a"), "l"), call(3, 4, get("a"), "l"), call(5, 6, set("a")), call(7, 8, get())],
  ],
];

describe("a history is linearizable:", () => {
  it.each(right)("%s", (_, calls) => {
    expect(checkLinearizable(calls)).toEqual({ linearizable: true, calls: calls.length });
  });
});

describe("a history is not linearizable:", () => {
  it.each(wrong)("%s", (_, calls) => {
    expect(checkLinearizable(calls)).toMatchObject({
      linearizable: false,
      key: expect.any(String),
      reason: expect.stringContaining("none of these could be next"),
    });
  });
});

/** What happened is known: each call has its moment, and begins before and ends after it. Some are not answered, of which some never happen. */
const history = fc
  .array(fc.record({ what: fc.nat(5), before: fc.nat(30), after: fc.nat(30), fate: fc.nat(9), stale: fc.boolean() }), {
    maxLength: 60,
  })
  .map((steps) => {
    const calls: Call[] = [];
    const versions = ["none"];
    let state: { value: string | number; version: string } | undefined;
    for (const [n, { what, before, after, fate, stale }] of steps.entries()) {
      const version = `v${n}`;
      const value = `value ${n}`;
      const isUnknown = fate < 2;
      const happens = fate !== 0;
      const old = stale ? (versions.at(n % versions.length) as string) : (state?.version ?? null);
      const holds = old === (state?.version ?? null);
      const known = !isUnknown;
      let action: Action;
      let next = state;
      if (what === 0) {
        action = { do: "set", value, version };
        next = { value, version };
      } else if (what === 1) {
        action = { do: "delete", ...(known ? { existed: state !== undefined } : {}) };
        next = undefined;
      } else if (what === 2) {
        action = { do: "compareAndSet", expected: old, value, version, ...(known ? { applied: holds } : {}) };
        if (holds) next = { value, version };
      } else if (what === 3 && typeof (state?.value ?? 0) === "number") {
        const sum = ((state?.value as number | undefined) ?? 0) + 1;
        action = { do: "increment", by: 1, ...(known ? { sum } : {}) };
        next = { value: sum, version };
      } else {
        action = { do: "get", found: state };
      }
      if (happens) state = next;
      if (state !== undefined) versions.push(state.version);
      const moment = n * 10 + 5;
      calls.push({
        client: "c",
        key: "k",
        called: moment - before,
        ...(isUnknown ? {} : { answered: moment + after }),
        action,
      });
    }
    return calls;
  });

it("no history that happened is called wrong", () => {
  fc.assert(
    fc.property(history, (calls) => {
      expect(checkLinearizable(calls)).toMatchObject({ linearizable: true });
    }),
    { numRuns: 3000 },
  );
});

it("one read of what was replaced is found in any history", () => {
  fc.assert(
    fc.property(history, (calls) => {
      const end = Math.max(0, ...calls.map(({ called, answered = 0 }) => Math.max(called, answered)));
      const stale = [
        call(end + 1, end + 2, set("last")),
        call(end + 3, end + 4, set("newest")),
        call(end + 5, end + 6, get("last")),
      ];
      expect(checkLinearizable([...calls, ...stale])).toMatchObject({ linearizable: false });
    }),
    { numRuns: 300 },
  );
});

describe("the order of events:", () => {
  const log: readonly SeenEvent[] = [
    { id: "a", stream: "s", version: 1, position: 1 },
    { id: "b", stream: "s", version: 2, position: 2 },
    { id: "c", stream: "t", version: 1, position: 3 },
    { id: "d", stream: "s", version: 3, position: 4 },
  ];
  const appends: readonly AppendCall[] = [
    { client: "1", stream: "s", ids: ["a", "b"], called: 1, answered: 4, version: 2, position: 2 },
    { client: "2", stream: "t", ids: ["c"], called: 2, answered: 6, version: 1, position: 3 },
    { client: "1", stream: "s", ids: ["d"], called: 7 },
    { client: "2", stream: "s", ids: ["e"], called: 8 },
  ];
  const reads: readonly ReadCall[] = [
    { client: "3", called: 3, answered: 5, from: 1, events: log.slice(0, 2) },
    { client: "3", called: 7, answered: 9, from: 3, events: log.slice(2, 3) },
  ];
  const [first, second, doubtful] = appends as [AppendCall, AppendCall, AppendCall];
  const without = (position: number) => log.filter((event) => event.position !== position);

  it("what fits is not called wrong", () => {
    expect(checkEventOrder(log, appends, reads)).toEqual([]);
    expect(checkEventOrder(log.slice(0, 3), appends, reads)).toEqual([]);
  });

  const bad: readonly (readonly [string, readonly SeenEvent[], readonly AppendCall[], readonly ReadCall[], RegExp])[] =
    [
      ["a hole", without(3), appends, [], /event number 3 of the log has position 4/],
      ["an event that was lost", log.slice(0, 2), appends, [], /acknowledged and not there/],
      ["an event twice", [...log, { ...log[3], position: 5, version: 4 } as SeenEvent], appends, [], /twice/],
      [
        "an event that was refused",
        log,
        [first, second, { ...doubtful, refused: true }],
        [],
        /although its writer was told/,
      ],
      ["an event of nobody", log, appends.slice(0, 2), [], /nobody appended it/],
      ["half an append", log.slice(1).map((event, i) => ({ ...event, position: i + 1 })), appends, [], /torn apart/],
      ["a version that was told wrongly", log, [{ ...first, version: 1 }, second, doubtful], [], /elsewhere/],
      [
        "an order that time contradicts",
        log,
        [{ ...first, called: 7, answered: 8 }, second, doubtful],
        [],
        /stands before what was acknowledged/,
      ],
      [
        "a reader that passes over an event",
        log,
        appends,
        [{ client: "3", called: 1, answered: 9, from: 1, events: without(2) }],
        /has read/,
      ],
      [
        "a reader that is behind",
        log,
        appends,
        [{ client: "3", called: 8, answered: 9, from: 1, events: log.slice(0, 1) }],
        /had been told/,
      ],
      [
        "a position that was seen empty and filled later",
        log,
        appends,
        [...reads, { client: "4", called: 10, answered: 11, from: 1, events: log.slice(0, 2) }],
        /had been told/,
      ],
    ];
  it.each(bad)("%s is found", (_, stored, calls, seen, what) => {
    expect(checkEventOrder(stored, calls, seen).join("\n")).toMatch(what);
  });
});

describe.each([memoryHarness(), distantHarness(), liftHarness()])("sixteen clients on $name", (harness) => {
  it("were told what fits together, in twenty thousand operations", { timeout: 300_000 }, async () => {
    const report = await certify(harness, { only: "K-history", budget: "full" });
    console.log(`${harness.name}: seed ${report.seed}`);
    expect(report.clauses.filter(({ status }) => status !== "passed")).toEqual([]);
    expect(report.passed).toBe(3);
  });
});
