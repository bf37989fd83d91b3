// The contents of blobs.
import { engineMutant, type Mutant } from "./mutant.ts";

const chunk = 256 * 1024;

export const contents: readonly Mutant[] = [
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
    "acknowledges a blob while its bytes are still on their way",
    ["K-blobs-body-text", "K-engine-bytes-1000"],
    (engine) => {
      const arriving = new Set<string>();
      return {
        bytes: {
          ...engine.bytes,
          async stage(body, o) {
            const staged = await engine.bytes.stage(body, o);
            arriving.add(staged.token);
            return staged;
          },
          open: (row, range, o) =>
            engine.bytes.open(
              row,
              arriving.delete(row.content ?? "") ? { ...range, length: Math.min(range.length, 1) } : range,
              o,
            ),
        },
      };
    },
  ),
  engineMutant("ends contents where a chunk ends", ["K-blobs-body-256k-and-1", "K-engine-bytes-262145"], (engine) => ({
    bytes: {
      ...engine.bytes,
      open: (row, { offset, length }, o) => {
        const end = offset + length;
        const last = end > chunk ? end - (end % chunk) : end;
        return engine.bytes.open(row, { offset, length: Math.max(0, last - offset) }, o);
      },
    },
  })),
  engineMutant("reads ranges one byte late", ["K-blobs-range-middle", "K-engine-bytes-1000"], (engine) => ({
    bytes: {
      ...engine.bytes,
      open: (row, range, o) =>
        engine.bytes.open(row, range.offset === 0 ? range : { ...range, offset: range.offset + 1 }, o),
    },
  })),
  engineMutant("reads ranges one byte short", ["K-blobs-range-middle", "K-engine-bytes-1000"], (engine) => ({
    bytes: {
      ...engine.bytes,
      open: (row, range, o) =>
        engine.bytes.open(row, range.offset === 0 ? range : { ...range, length: range.length - 1 }, o),
    },
  })),
  engineMutant("keeps a content whose body failed", ["K-blobs-body-fails", "K-engine-bytes-body-fails"], (engine) => ({
    bytes: {
      ...engine.bytes,
      stage: (body, o) =>
        engine.bytes.stage(
          (async function* () {
            try {
              yield* body;
            } catch {
              // What came until here is taken for the whole.
            }
          })(),
          o,
        ),
    },
  })),
  engineMutant("sweeps staged bytes with the next commit", ["K-engine-stage-kept"], (engine) => {
    const staged = new Set<string>();
    return {
      bytes: {
        ...engine.bytes,
        async stage(body, o) {
          const content = await engine.bytes.stage(body, o);
          staged.add(content.token);
          return content;
        },
      },
      async commit(lists, o) {
        const results = await engine.commit(lists, o);
        for (const op of lists.flat()) if (op.op === "put" && op.content !== undefined) staged.delete(op.content);
        for (const token of staged) await engine.bytes.discard(token);
        staged.clear();
        return results;
      },
    };
  }),
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
        if (results.every(({ outcome }) => outcome === "applied"))
          for (const row of rows) contents.delete(row?.content ?? "");
        return results;
      },
    }),
  ),
];
