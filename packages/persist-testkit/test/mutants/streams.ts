// Streams of events.
import type { CommitResult, Engine, EventRow, Op } from "@cuitty/persist-core";
import { changingOps, engineMutant, type Mutant } from "./mutant.ts";

const applied = (results: readonly CommitResult[]) => results.every(({ outcome }) => outcome === "applied");

/** Events with other numbers. */
const renumbering =
  (change: (event: EventRow) => EventRow) =>
  (engine: Engine): Partial<Engine> => ({
    events: async (range, o) => {
      const page = await engine.events(range, o);
      return { ...page, events: page.events.map(change) };
    },
  });

export const streams: readonly Mutant[] = [
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
  engineMutant("skips an event at the seam of two pages", ["K-engine-events-range"], (engine) => ({
    events: async (range, o) => {
      const page = await engine.events(range, o);
      return page.more && page.events.length > 1 ? { ...page, events: page.events.slice(0, -1) } : page;
    },
  })),
  engineMutant("repeats an event at the seam of two pages", ["K-engine-events-range"], (engine) => ({
    events: (range, o) =>
      engine.events(range.reverse || (range.from ?? 1) < 2 ? range : { ...range, from: (range.from ?? 1) - 1 }, o),
  })),
  engineMutant(
    "gives a position twice",
    ["K-events-positions", "K-engine-append", "K-history-events"],
    renumbering((event) => (event.position % 2 === 0 ? { ...event, position: event.position - 1 } : event)),
  ),
  engineMutant(
    "leaves a hole in the positions for each append that was refused, as a sequence does",
    ["K-events-conflict-writes-nothing"],
    (engine) => {
      /** What is shown for each position. */
      const shown: number[] = [0];
      let holes = 0;
      const inner = (from: number) => shown.findIndex((position) => position >= from);
      const show = (position: number) => shown[position] ?? position + holes;
      return {
        async commit(lists, o) {
          const results = await engine.commit(lists, o);
          return results.map((result, i) => {
            const isAppend = lists[i]?.some(({ op }) => op === "append");
            if (result.outcome !== "applied") {
              if (isAppend) holes++;
              return result;
            }
            const answers = result.answers.map((answer) => {
              if (answer.appended === undefined) return answer;
              for (let p = shown.length; p <= answer.appended.position; p++) shown[p] = p + holes;
              return { ...answer, appended: { ...answer.appended, position: show(answer.appended.position) } };
            });
            return { ...result, answers };
          });
        },
        async events(range, o) {
          const { from, to } = range;
          const all = range.stream === undefined;
          const first = from === undefined || !all ? from : inner(from) === -1 ? shown.length : inner(from);
          const last = to === undefined || !all ? to : shown.findLastIndex((position) => position <= to);
          const page = await engine.events({ ...range, from: first, to: last }, o);
          return { ...page, events: page.events.map((event) => ({ ...event, position: show(event.position) })) };
        },
      };
    },
  ),
  engineMutant("forgets at every opening which events it has", ["K-events-again-reopened"], (engine, openings) => {
    const mark = (op: Op): Op =>
      op.op === "append"
        ? { ...op, events: op.events.map((event) => ({ ...event, id: `${event.id}#${openings}` })) }
        : op;
    return {
      commit: (lists, o) =>
        engine.commit(
          lists.map((list) => list.map(mark)),
          o,
        ),
      events: async (range, o) => {
        const ids = range.ids?.flatMap((id) => Array.from({ length: openings + 1 }, (_, n) => `${id}#${n}`));
        const page = await engine.events({ ...range, ids }, o);
        return { ...page, events: page.events.map((event) => ({ ...event, id: event.id.replace(/#\d+$/, "") })) };
      },
    };
  }),
  engineMutant(
    "appends whatever stands there already",
    ["K-engine-append-unless", "K-engine-append-unless-event"],
    changingOps((op) => (op.op === "append" ? { ...op, unless: undefined } : op)),
  ),
  engineMutant(
    "looks for what must not stand there on the first page of events only",
    ["K-fail-if-many"],
    changingOps((op) => {
      if (op.op !== "append" || op.unless === undefined) return op;
      const { after, matches } = op.unless;
      let looked = 0;
      return { ...op, unless: { after, matches: (event) => ++looked <= 1000 && matches(event) } };
    }),
  ),
  engineMutant(
    "looks for what must not stand there in the whole log, wherever it is to begin",
    ["K-fail-if-after", "K-engine-append-unless", "K-engine-append-unless-event"],
    changingOps((op) =>
      op.op === "append" && op.unless !== undefined ? { ...op, unless: { ...op.unless, after: 0 } } : op,
    ),
  ),
  engineMutant(
    "loses the tags of events",
    ["K-events-shape", "K-engine-event-row"],
    renumbering((event) => ({ ...event, tags: [] })),
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
  engineMutant("loses the first event after a page", ["K-subscribe-many-writers"], (engine) => ({
    async events(range, o) {
      const page = await engine.events(range, o);
      const isLater = !range.reverse && range.ids === undefined && (range.from ?? 1) > 500;
      return isLater ? { ...page, events: page.events.slice(1) } : page;
    },
  })),
];
