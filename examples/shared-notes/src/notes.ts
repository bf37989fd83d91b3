/** What is kept of notes. Everything works on this machine's file, whether another peer is there or not. */
import { createStore, type RecordEntry, type Records, type Store } from "@cuitty/persist";
import { p2p } from "@cuitty/persist-p2p";
import { z } from "zod";
import type { Settings } from "./settings.ts";

const noteSchema = z.object({
  title: z.string().max(200),
  text: z.string(),
  tags: z.array(z.string()),
  isDone: z.boolean(),
});
export type Note = z.infer<typeof noteSchema>;

export interface Notes {
  readonly store: Store;
  readonly notes: Records<Note>;
  readonly by: string;
}

/** Where something was done. The stream is the same on every peer; each peer's own come in its order. */
const activity = "activity";

const picturesOf = (id: string): string => `pictures/${id}/`;
const viewsOf = (id: string): string => `views/${id}`;

export async function openNotes({ by, path, network }: Settings): Promise<Notes> {
  const store = await createStore({ name: "shared-notes", adapter: "p2p", path, ...network });
  p2p(store).on("degraded", (what) => console.error(what));
  return { store, notes: store.records.collection("notes", { schema: noteSchema }), by };
}

/** Note and activity together: here in one transaction, and elsewhere in one, too. */
export function write({ store, notes, by }: Notes, note: Partial<Note>): Promise<RecordEntry<Note>> {
  return store.transaction(async (tx) => {
    const entry = await tx.use(notes).add({ title: "", text: "", tags: [], isDone: false, ...note });
    await tx.events.append(activity, { type: "written", data: { note: entry.key, by } });
    return entry;
  });
}

/** What others change at the same time stands beside it: `update` merges, where `put` would replace. */
export function edit({ store, notes, by }: Notes, id: string, change: Partial<Note>): Promise<RecordEntry<Note>> {
  return store.transaction(async (tx) => {
    const entry = await tx.use(notes).update(id, change);
    await tx.events.append(activity, { type: "edited", data: { note: id, by, fields: Object.keys(change) } });
    return entry;
  });
}

/** Counts that somebody looks at it. Not in a transaction, where an increment would be a put and lose what others count. */
export async function view({ store, notes }: Notes, id: string) {
  const entry = await notes.get(id);
  if (entry === undefined) return undefined;
  const views = await store.kv.increment(viewsOf(id));
  const lost = await notes.conflicts(id);
  const pictures = await store.blobs.list({ prefix: picturesOf(id) }).toArray();
  return {
    ...entry.value,
    views,
    pictures: pictures.map(({ key }) => key),
    // Two have written one field at the same time: the next edit of it decides.
    conflicts: lost.map(({ value }) => value),
  };
}

export async function addPicture(
  { store, by }: Notes,
  id: string,
  name: string,
  body: AsyncIterable<Uint8Array>,
  contentType: string,
) {
  const key = picturesOf(id) + name;
  const { size, digest } = await store.blobs.put(key, body, { contentType });
  await store.events.append(activity, { type: "pictured", data: { note: id, by, key } });
  return { key, size, digest };
}

export async function remove({ store, notes, by }: Notes, id: string): Promise<void> {
  await store.transaction(async (tx) => {
    await tx.use(notes).delete(id);
    await tx.kv.delete(viewsOf(id));
    await tx.events.append(activity, { type: "removed", data: { note: id, by } });
  });
  await store.blobs.clear({ prefix: picturesOf(id) });
}

/** By the time of their authors' clocks, since each peer has an order of its own. */
export async function readActivity({ store }: Notes) {
  const events = await store.events.read(activity).toArray();
  return events
    .map(({ type, data, time, id }) => ({ type, time, id, ...(data as object) }))
    .sort((a, b) => a.time.getTime() - b.time.getTime() || (a.id < b.id ? -1 : 1));
}

/** Who is here, and whether this peer has the same as they: equal digests are equal contents. */
export async function compare({ store }: Notes) {
  const { peers, status, diagnose } = p2p(store);
  return { digest: await store.digest(), ...status(), peers: peers(), findings: await diagnose() };
}
