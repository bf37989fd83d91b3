// What becomes of keys.
import type { Engine, KeyRange } from "@cuitty/persist-core";
import { engineMutant, type Mutant } from "./mutant.ts";

const everything: KeyRange = { by: "key", reverse: false, limit: Number.MAX_SAFE_INTEGER, keysOnly: false };

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

export const keys: readonly Mutant[] = [
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
  engineMutant(
    "takes compatible characters for the same",
    ["K-key-distinct-compatibility-forms", "K-key-distinct-full-width"],
    foldingKeys((key) => key.normalize("NFKC")),
  ),
];
