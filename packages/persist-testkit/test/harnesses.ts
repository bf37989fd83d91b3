// The adapters of this repository, as the kit gets at them. That of SQLite is found through the workspace: its package depends on the kit.
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommitResult, type Engine, memory, type Op, type PersistAdapter } from "@cuitty/persist-core";
import { p2p } from "@cuitty/persist-p2p/adapter";
import { sqlite } from "@cuitty/persist-sqlite/adapter";
import type { Harness } from "@cuitty/persist-testkit";

/** Makes what is not there yet. */
function lazily<T>(make: () => T): { get(id: string): T; delete(id: string): void } {
  const made = new Map<string, T>();
  return {
    get(id) {
      const known = made.get(id) ?? make();
      made.set(id, known);
      return known;
    },
    delete: (id) => void made.delete(id),
  };
}

export function memoryHarness(): Harness {
  const adapters = lazily(memory);
  return {
    name: "memory",
    open: async (id) => adapters.get(id),
    destroy: async (id) => adapters.delete(id),
  };
}

/** Memory as far away as a server: every call takes some turns of the event loop, there and back, and reads are gathered. */
export function distantHarness(): Harness {
  const { open, ...rest } = memoryHarness();
  return {
    ...rest,
    name: "memory at a distance",
    async open(id) {
      const adapter = await open(id);
      const engine: typeof adapter.engine = async (scope) => distant((await adapter.engine?.(scope)) as Engine);
      return { ...adapter, engine };
    },
  };
}

/** Memory that keeps no changes, and judges ranges only before a commit begins: the least that a store of objects may be. */
export function feedlessHarness(): Harness {
  const { open, ...rest } = memoryHarness();
  return {
    ...rest,
    name: "memory without a feed",
    async open(id) {
      const adapter = await open(id);
      const engine: typeof adapter.engine = async (scope) => feedless((await adapter.engine?.(scope)) as Engine);
      return { ...adapter, engine };
    },
  };
}

function feedless(engine: Engine): Engine {
  const refuse = () => {
    throw new Error("nobody may ask what changed");
  };
  return {
    ...engine,
    capabilities: { ...engine.capabilities, watch: "absent", isolation: "atomic" },
    changes: refuse,
    latest: refuse,
    async commit(lists, o) {
      const results: CommitResult[] = [];
      for (const list of lists) {
        const [check] = await engine.commit([list.map((op) => (op.op === "checkRange" ? op : nothing))], o);
        await new Promise((resolve) => setImmediate(resolve)); // others may come between
        const rest = list.map((op) => (op.op === "checkRange" ? nothing : op));
        const [result] = check?.outcome === "applied" ? await engine.commit([rest], o) : [check];
        results.push(result as CommitResult);
      }
      return results;
    },
  };
}

/** Keeps the place of another operation in a list. */
const nothing: Op = { op: "check", space: "system", key: "no such key", ifVersion: null };

function distant(engine: Engine): Engine {
  let calls = 0;
  /** Nought to three turns, so that answers overtake each other. */
  const travel = async () => {
    for (let turns = (calls++ * 7) % 4; turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
  };
  const away = async <T>(call: () => T): Promise<Awaited<T>> => {
    await travel();
    const answer = await call();
    await travel();
    return answer;
  };
  async function* trickling(chunks: AsyncIterable<Uint8Array<ArrayBuffer>>) {
    for await (const chunk of chunks) {
      await travel();
      yield chunk;
    }
  }
  return {
    ...engine,
    reads: "batched",
    read: (space, keys, o) => away(() => engine.read(space, keys, o)),
    scan: (space, range, o) => away(() => engine.scan(space, range, o)),
    events: (range, o) => away(() => engine.events(range, o)),
    commit: (lists, o) => away(() => engine.commit(lists, o)),
    changes: (since, limit, o) => away(() => engine.changes(since, limit, o)),
    latest: (o) => away(() => engine.latest(o)),
    sweep: (o) => away(() => engine.sweep(o)),
    bytes: {
      ...engine.bytes,
      stage: (body, o) => away(() => engine.bytes.stage(body, o)),
      extend: (token, offset, part, o) => away(() => engine.bytes.extend(token, offset, part, o)),
      extended: (token, o) => away(() => engine.bytes.extended(token, o)),
      open: (row, range, o) => trickling(engine.bytes.open(row, range, o)),
      discard: (token) => away(() => engine.bytes.discard(token)),
    },
    close: () => away(() => engine.close()),
  };
}

/** What a bare adapter may be like. */
export type BareKind = "generator" | "promise" | "ordered and batch";

/** Four methods over a Map, which core lifts. */
export function liftHarness(kind: BareKind = "generator"): Harness {
  const maps = lazily(() => new Map<string, string>());
  const living = new Map<string, AbortController>();
  return {
    name: `four methods (${kind})`,
    async open(id) {
      const life = living.get(id) ?? new AbortController();
      living.set(id, life);
      return mortal(bareAdapter(maps.get(id), kind), life.signal);
    },
    async crash(id) {
      living.get(id)?.abort();
      living.delete(id);
    },
    destroy: async (id) => maps.delete(id),
  };
}

export function bareAdapter(map: Map<string, string>, kind: BareKind = "generator"): PersistAdapter {
  const parse = (text: string | undefined) => (text === undefined ? undefined : JSON.parse(text));
  const entries = (prefix: string) =>
    [...map].filter(([key]) => key.startsWith(prefix)).map(([key, text]) => ({ key, value: parse(text) }));
  const bare: PersistAdapter = {
    get: async (key) => parse(map.get(key)),
    put: async (key, value) => void map.set(key, JSON.stringify(value)),
    delete: async (key) => void map.delete(key),
    async *list(prefix) {
      yield* entries(prefix);
    },
  };
  switch (kind) {
    case "generator":
      return bare;
    case "promise":
      return { ...bare, list: async (prefix) => entries(prefix) };
    case "ordered and batch":
      return {
        ...bare,
        ordered: {
          async *list(prefix, { after, limit, keysOnly }) {
            const sorted = entries(prefix).sort((a, b) => (a.key < b.key ? -1 : 1)); // keys are ASCII
            const page = sorted.filter(({ key }) => after === undefined || key > after).slice(0, limit);
            yield* keysOnly ? page.map(({ key }) => ({ key })) : page;
          },
        },
        batch: {
          max: 100,
          async write(ops) {
            for (const op of ops) {
              if ("delete" in op) map.delete(op.delete);
              else map.set(op.put, JSON.stringify(op.value));
            }
          },
        },
      };
  }
}

/** The adapter until the signal; after it nothing is answered or done any more. */
function mortal(adapter: PersistAdapter, death: AbortSignal): PersistAdapter {
  const never = () => new Promise<never>(() => undefined);
  return {
    ...adapter,
    get: (key) => (death.aborted ? never() : adapter.get(key)),
    put: (key, value) => (death.aborted ? never() : adapter.put(key, value)),
    delete: (key) => (death.aborted ? never() : adapter.delete(key)),
  };
}

/** Files in a folder of the system's for temporary ones. A crash goes on with copies of what is on the disk in that moment. */
export function fileHarness(
  name: string,
  openFile: (path: string) => Promise<PersistAdapter>,
): Harness & { end(): void } {
  const folder = mkdtempSync(join(tmpdir(), "persist-kit-"));
  const crashes = new Map<string, number>();
  const opened = new Map<string, PersistAdapter[]>();
  const pathOf = (id: string) => join(folder, `${id}.${crashes.get(id) ?? 0}.db`);
  return {
    name,
    async open(id) {
      const adapter = await openFile(pathOf(id));
      opened.set(id, [...(opened.get(id) ?? []), adapter]);
      return adapter;
    },
    async crash(id) {
      const before = pathOf(id);
      crashes.set(id, (crashes.get(id) ?? 0) + 1);
      for (const suffix of ["", "-wal"]) {
        if (existsSync(before + suffix)) copyFileSync(before + suffix, pathOf(id) + suffix);
      }
    },
    async destroy(id) {
      for (const adapter of opened.get(id) ?? []) await adapter.close?.();
      opened.delete(id);
      for (let crash = crashes.get(id) ?? 0; crash >= 0; crash--) {
        for (const suffix of ["", "-wal", "-shm"]) {
          rmSync(join(folder, `${id}.${crash}.db${suffix}`), { force: true });
        }
        rmSync(join(folder, `${id}.${crash}.db-peer`), { recursive: true, force: true });
      }
      crashes.delete(id);
    },
    end: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export function sqliteHarness(): Harness & { end(): void } {
  return fileHarness("sqlite", (path) => sqlite({ path, durability: "relaxed" }));
}

/** One peer, that meets no other. */
export function p2pHarness(): Harness & { end(): void } {
  return fileHarness("p2p", (path) => p2p({ path, durability: "relaxed" }));
}
