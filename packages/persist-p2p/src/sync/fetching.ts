/** Fetching the bytes of blobs, chunk by chunk behind what has come already, from whichever peer. */
import { chunkBytes } from "./limits.ts";
import { Violation } from "./messages.ts";
import { answered, type Peering, type Program } from "./peering.ts";
import type { WantedBlob } from "./replica.ts";

/** So many chunks are asked for ahead. */
const ahead = 4;
/** How often bytes may turn out to be wrong. They may have come from somebody else, in the beginning. */
const corruptions = 2;

/** `false`: not all of them are to be had from this peer. */
export function* fetchBlobs(p: Peering, missing: readonly WantedBlob[]): Program<boolean> {
  p.shared.turn.leave(p); // it may take long, and is nothing that anybody else asks for
  if (p.link.limited) return false;
  for (const wanted of missing) {
    const fetching = p.shared.fetching(wanted.digest);
    try {
      if (!fetching.take(p)) yield () => fetching.has(p);
      if (!(yield* fetchBlob(p, wanted))) return false;
    } finally {
      fetching.leave(p);
    }
  }
  return true;
}

function* fetchBlob(p: Peering, wanted: WantedBlob): Program<boolean> {
  const { replica } = p.shared;
  for (let strikes = 0; strikes < corruptions; strikes += 1) {
    const begun = replica.received(wanted.digest);
    if (begun >= wanted.size && begun > 0) return true; // another link was faster
    const outcome = yield* fetchFrom(p, wanted, begun);
    if (outcome !== "corrupt") return outcome === "complete";
    if (begun === 0) break;
  }
  throw new Violation("bytes that have not the digest that was told of them");
}

function* fetchFrom(p: Peering, { digest, size }: WantedBlob, begun: number): Program<"complete" | "corrupt" | "none"> {
  const { replica } = p.shared;
  let asked = begun;
  let waiting = 0;
  let isThere = true;
  let outcome: "more" | "complete" | "corrupt" = "more";
  for (let offset = begun; ; ) {
    while (isThere && waiting < ahead && (asked < size || asked === 0)) {
      p.answers.expect("chunk");
      p.lanes.control({ kind: "want-chunks", digest, offset: asked, count: 1 });
      waiting += 1;
      asked += chunkBytes;
    }
    if (waiting === 0) return outcome === "more" ? "none" : outcome;
    const chunk = yield* answered<"chunk">(p);
    waiting -= 1;
    if (chunk.bytes === undefined) isThere = false;
    if (!isThere) continue;
    if (chunk.offset !== offset || chunk.bytes?.length !== Math.min(chunkBytes, size - offset)) {
      throw new Violation("a chunk of another length or place");
    }
    outcome = replica.receive({ digest, size }, offset, chunk.bytes);
    offset += chunk.bytes.length;
    if (outcome !== "more") isThere = false;
  }
}
