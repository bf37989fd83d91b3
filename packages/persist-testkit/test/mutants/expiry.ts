// What time does.
import type { EngineOptions, IndexEntry, Op } from "@cuitty/persist-core";
import { engineMutant, type Mutant } from "./mutant.ts";

const always = (o: EngineOptions): EngineOptions => ({ ...o, now: 0 });

export const expiry: readonly Mutant[] = [
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
  engineMutant(
    "gets what has expired",
    ["K-expiry-gone-kv-get", "K-expiry-gone-records-has", "K-engine-expired"],
    (engine) => ({
      read: (space, keys, o) => engine.read(space, keys, always(o)),
    }),
  ),
  engineMutant("keeps unique tuples for what has expired", ["K-engine-expired-unique"], (engine) => ({
    async commit(lists, o) {
      const holder = async ({ index, tuple }: IndexEntry) => {
        const upper = Uint8Array.of(...tuple, 0);
        const range = { by: "index", index, lower: tuple, upper, reverse: false, limit: 10, keysOnly: true } as const;
        return (await engine.scan("records", range, always(o))).rows;
      };
      const isHeld = async (op: Op) => {
        if (op.op !== "put") return false;
        for (const entry of op.index?.filter(({ unique }) => unique) ?? []) {
          const expired = (await holder(entry)).filter(({ expiresAt }) => (expiresAt ?? o.now + 1) <= o.now);
          if (expired.some(({ key }) => key !== op.key)) return true;
        }
        return false;
      };
      for (const [i, list] of lists.entries()) {
        for (const [op, one] of list.entries()) {
          if (await isHeld(one))
            return lists.map((_, j) =>
              i === j ? { outcome: "conflict", op } : { outcome: "unknown", cause: undefined },
            );
        }
      }
      return engine.commit(lists, o);
    },
  })),
  engineMutant(
    "goes by the machine's clock, whatever the store's says",
    ["K-expiry-ttl-number-1", "K-records-times"],
    (engine) => {
      const machine = (o: EngineOptions): EngineOptions => ({ ...o, now: Date.now() });
      return {
        read: (space, keys, o) => engine.read(space, keys, machine(o)),
        scan: (space, range, o) => engine.scan(space, range, machine(o)),
        commit: (lists, o) => engine.commit(lists, machine(o)),
      };
    },
  ),
  engineMutant(
    "keeps the time of creation of what had expired",
    ["K-expiry-created-anew", "K-engine-expired-replaced"],
    (engine) => {
      const created = new Map<string, number>();
      return {
        async commit(lists, o) {
          const results = await engine.commit(lists, o);
          return results.map((result, i) => {
            if (result.outcome !== "applied") return result;
            const answers = result.answers.map((answer, j) => {
              const op = lists[i]?.[j];
              if (op?.op === "delete") created.delete(op.key);
              if (op?.op !== "put" || op.space !== "records" || answer.createdAt === undefined) return answer;
              const createdAt = created.get(op.key) ?? answer.createdAt;
              created.set(op.key, createdAt);
              return { ...answer, createdAt };
            });
            return { ...result, answers };
          });
        },
      };
    },
  ),
];
