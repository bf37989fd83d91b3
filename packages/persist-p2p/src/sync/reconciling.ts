/** The side that leads a reconciliation: it asks until nothing differs any more, and tells the other side what that one lacks. */
import { isFingerprints, type Range, Violation } from "./messages.ts";
import { answered, type Peering, type Program } from "./peering.ts";
import { childOf, differing, listed, type Prefix, padded, prefixName, root } from "./ranges.ts";
import type { Marked, Replica } from "./replica.ts";

/** So many questions are put at once. */
const askedAtOnce = 16;
/** So many rows are told at once of which the other side is known to lack them. */
const toldAtOnce = 1_024;
/** Rows under a prefix that are read at once. */
const readAtOnce = 256;

interface Question extends Prefix {
  /** Whether both sides have few rows there. */
  readonly isShort: boolean;
}

/** `lack` is called with what the other side has and this one not. After each answer, `rest` takes its time to get that. */
export function* reconcile(p: Peering, lack: (marks: readonly Marked[]) => void, rest: () => Program): Program {
  const { replica } = p.shared;
  const agenda: Question[] = [{ ...root, isShort: false }];
  const telling: Iterator<Marked>[] = [];
  do {
    const questions = agenda.splice(-askedAtOnce); // the deepest first, so that the agenda stays short however much differs
    p.answers.expect("answer");
    yield* compare(
      p,
      questions.map((one) => put(replica, one)),
      taken(telling, toldAtOnce),
      false,
    );
    const { ranges, told } = yield* answered<"answer">(p);
    lack(told);
    const parts = new Set(
      questions.flatMap((one) => Array.from({ length: 16 }, (_, i) => prefixName(childOf(one, i)))),
    );
    for (const range of ranges) {
      if (!parts.delete(prefixName(range))) throw new Violation("an answer to no question");
      if (isFingerprints(range.has)) {
        for (const { child, mine, theirs } of differing(replica, range)) {
          agenda.push({ ...child, isShort: Math.max(mine, theirs) <= listed });
        }
      } else {
        lack(replica.lacking(range.has as readonly Marked[]));
        telling.push(others(p, range, range.has as readonly Marked[]));
      }
    }
    yield* rest();
  } while (agenda.length > 0 || telling.length > 0);
  yield* compare(p, [], [], true);
}

function* compare(p: Peering, ranges: readonly Range[], told: readonly Marked[], end: boolean): Program {
  if (!p.lanes.isFree("reply")) yield () => p.lanes.isFree("reply");
  p.lanes.put("reply", { kind: "compare", head: p.shared.replica.head(), ranges, told, end });
}

function put(replica: Replica, { prefix, nibbles, isShort }: Question): Range {
  const isListed = isShort || nibbles > 30;
  return {
    prefix,
    nibbles,
    has: isListed ? replica.marks(prefix, nibbles, readAtOnce) : replica.fingerprints(prefix, nibbles),
  };
}

function taken(telling: Iterator<Marked>[], limit: number): Marked[] {
  const some: Marked[] = [];
  while (some.length < limit && telling.length > 0) {
    const next = (telling[0] as Iterator<Marked>).next();
    if (next.done === true) telling.shift();
    else some.push(next.value);
  }
  return some;
}

/** All rows here under a prefix but those, however many: the other side has few there. */
function* others(
  { shared: { replica }, peer, floor }: Peering,
  { prefix, nibbles }: Prefix,
  theirs: readonly Marked[],
): Generator<Marked> {
  const marks = new Map(theirs.map(({ id, mark }) => [Buffer.from(id).toString("hex"), mark]));
  for (const one of all(replica, { prefix: padded(prefix), nibbles })) {
    const mark = marks.get(Buffer.from(one.id).toString("hex"));
    if (mark === undefined) yield* replica.unlessRemoved([one], peer, floor);
    else if (Buffer.compare(mark, one.mark) !== 0) yield one;
  }
}

function* all(replica: Replica, of: Prefix): Generator<Marked> {
  if (of.nibbles === 32 || replica.fingerprint(of.prefix, of.nibbles).count <= readAtOnce) {
    yield* replica.marks(of.prefix, of.nibbles, readAtOnce);
  } else {
    for (let i = 0; i < 16; i += 1) yield* all(replica, childOf(of, i));
  }
}
