/** Whether what lists only ask for is still so, while all that they write is locked. */
import { hashRows, type Op } from "@cuitty/persist-core";
import type { Patience } from "./bucket.ts";
import { isRowOp } from "./drafting.ts";
import { isRowSpace } from "./layout.ts";
import type { Parts } from "./parts.ts";
import type { Found } from "./row-objects.ts";
import { scan } from "./scan-space.ts";

/** `busy`: something has changed, or somebody else holds it. A list and operation: that one does not hold. */
export type Checks = "sound" | "busy" | { readonly list: number; readonly op: number };

class Busy extends Error {}

export async function checkAgain(
  parts: Parts,
  lists: readonly (readonly [number: number, list: readonly Op[]])[],
  found: ReadonlyMap<string, Found>,
  commit: string,
  o: Patience & { readonly now: number },
  written: ReadonlySet<string> = new Set(),
): Promise<Checks> {
  const { layout, rows, blobs } = parts;
  const peek = async (place: string): Promise<Found> => {
    const now = await rows.peek(place, o, commit);
    if (now === undefined) throw new Busy();
    return now;
  };
  const ops = lists.flatMap(([list, all]) => all.map((op, number) => ({ list, number, op })));
  const only = new Set(
    ops.flatMap(({ op }) => (isRowOp(op) ? [layout.row(op.space, op.key)] : [])).filter((place) => !written.has(place)),
  );
  try {
    // Alone, what was read at one moment needs no second look.
    if (written.size + only.size > 1 || ops.some(({ op }) => op.op === "checkRange")) {
      const same = await Promise.all(
        Array.from(only, async (place) => {
          const now = await rows.peekShared(place, o);
          if (now === undefined) throw new Busy();
          return now.state?.version === found.get(place)?.state?.version;
        }),
      );
      if (same.includes(false)) return "busy";
    }
    for (const { list, number, op } of ops) {
      if (op.op === "check" && op.space === "blobs") {
        const [row] = await blobs.read([op.key], o);
        if ((row?.version ?? null) !== op.ifVersion) return { list, op: number };
      } else if (op.op === "checkRange") {
        const page = await scan(parts, op.space, op.range, isRowSpace(op.space) ? peek : undefined, o);
        if (hashRows(page.rows) !== op.hash) return { list, op: number };
      }
    }
    return "sound";
  } catch (error) {
    if (error instanceof Busy) return "busy";
    throw error;
  }
}
