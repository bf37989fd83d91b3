/** All that the owner has said, as far as it is known here. It only grows: what is revoked stays revoked. Peers tell each other all of it. */
import { type Group, readStatement, type Statement } from "./statements.ts";

export interface Roster {
  /** The statements among these that the owner has made and that are new here. */
  add(texts: readonly unknown[]): readonly string[];
  isRevoked(peer: string): boolean;
  /** The statement that makes the peer a member now, unless it is revoked. */
  certificateOf(peer: string, now: number): string | undefined;
  /** Peer ids, in order. */
  members(now: number): readonly string[];
  /** Peer ids of all whom the owner has ever named, also those that are revoked. Another array when there are more. */
  everMembers(): readonly string[];
  all(): readonly string[];
}

/** More than this many the owner of a group of peers does not say. */
const mostStatements = 20_000;

export function createRoster(group: Group): Roster {
  /** By kind and peer: the statement that goes furthest. */
  const known = new Map<string, { readonly text: string; readonly said: Statement }>();

  let ever: readonly string[] = [];

  function addOne(text: unknown): boolean {
    const said = readStatement(text, group);
    if (said === undefined || known.size >= mostStatements) return false;
    const key = `${said.kind} ${said.peer}`;
    const before = known.get(key);
    if (before !== undefined && before.said.time >= said.time) return false;
    known.set(key, { text: text as string, said });
    if (said.kind === "member" && before === undefined) ever = [...ever, said.peer];
    return true;
  }

  const isRevoked = (peer: string): boolean => known.has(`revoked ${peer}`);

  function certificateOf(peer: string, now: number): string | undefined {
    const found = known.get(`member ${peer}`);
    return found === undefined || found.said.time <= now || isRevoked(peer) ? undefined : found.text;
  }

  return {
    add: (texts) => texts.filter(addOne) as readonly string[],
    isRevoked,
    certificateOf,
    members(now) {
      const peers = [...known.values()].map(({ said }) => said.peer);
      return [...new Set(peers)].filter((peer) => certificateOf(peer, now) !== undefined).sort();
    },
    everMembers: () => ever,
    all: () => [...known.values()].map(({ text }) => text),
  };
}
