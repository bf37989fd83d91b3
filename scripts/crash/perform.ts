/** Does an operation to a store, and says what the store said. */
import { type BlobBody, type Facade, PersistError, type Store, type Transaction } from "@cuitty/persist-core";
import type { EntryWrite, Operation, Write } from "./operations.ts";

/** What the store answered to one write. Left out where it does not say. */
export interface Answer {
  /** Of a kv entry or a record: its new version. Of events: the version of the last one. */
  readonly version?: string | number;
  /** Of the last event. */
  readonly position?: number;
  /** Of a removal: whether there was something. */
  readonly existed?: boolean;
}

/** One answer for each write. Throws where the store did not do what it should. */
export function perform(store: Store, { id, way, writes }: Operation): Promise<readonly Answer[]> {
  switch (way) {
    case "plain":
      return inTurn(writes, (write) => apply(store, write));
    case "conditional":
      return inTurn(writes, (write) => applyIfUnchanged(store, write as EntryWrite));
    case "update":
      return inTurn(writes, (write) => applyByUpdate(store, write as EntryWrite));
    case "many":
      return applyTogether(store, writes as readonly EntryWrite[]);
    case "again":
      return inTurn(writes, (write) => applyTwice(store, write));
    case "transaction":
      return store.transaction((tx) => inTurn(writes, (write) => apply(tx, write)));
    case "abandoned":
      return abandon(store, id, writes);
    case "refused":
      return inTurn(writes, (write) => expectRefusal(store, write as EntryWrite));
  }
}

async function inTurn(writes: readonly Write[], one: (write: Write) => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const write of writes) answers.push(await one(write));
  return answers;
}

async function apply(
  store: Pick<Transaction, Facade>,
  write: Write,
  condition: { ifMatch?: string; ifNoneMatch?: "*" } = {},
) {
  switch (write.facade) {
    case "kv":
    case "records":
      if (write.value === undefined) return { existed: await store[write.facade].delete(write.key, condition) };
      if (write.facade === "kv") return versionOf(await store.kv.set(write.key, write.value, condition));
      return versionOf(await store.records.put(write.key, write.value, condition));
    case "blobs":
      if (write.value === undefined) return { existed: await store.blobs.delete(write.key) };
      await store.blobs.put(write.key, streamed(write.value.content), {
        metadata: { by: write.value.by },
        ...condition,
      });
      return {};
    case "counters":
      await store.kv.increment(write.key, write.by);
      return {};
    case "events": {
      // Outside of a transaction the answer has the position, too.
      const { version, position }: Answer = await store.events.append(write.stream, write.events);
      return position === undefined ? { version: version as number } : { version: version as number, position };
    }
  }
}

async function applyIfUnchanged(store: Store, write: EntryWrite): Promise<Answer> {
  const { facade, key } = write;
  // Where long blobs have no conditions, and nobody but this lane writes the key, it comes to the same.
  if (facade === "blobs" && store.capabilities.blobConditions === "absent") return apply(store, write);
  const version =
    facade === "blobs"
      ? (await store.blobs.head(key))?.etag
      : (await (facade === "kv" ? store.kv.getEntry(key) : store.records.get(key)))?.version;
  if (version !== undefined) return apply(store, write, { ifMatch: version });
  return apply(store, write, write.value === undefined ? {} : { ifNoneMatch: "*" });
}

async function applyByUpdate(store: Store, write: EntryWrite): Promise<Answer> {
  if (write.facade === "kv") {
    await store.kv.update(write.key, () => write.value);
    return {};
  }
  // `records.update` neither makes nor removes.
  if (write.value === undefined || !(await store.records.has(write.key))) return apply(store, write);
  return versionOf(await store.records.update(write.key, () => write.value));
}

async function applyTogether(store: Store, writes: readonly EntryWrite[]): Promise<readonly Answer[]> {
  // Neither `setMany` nor `putMany` removes: those that do go in a transaction with the others.
  if (writes.some(({ value }) => value === undefined)) {
    return store.transaction((tx) => inTurn(writes, (write) => apply(tx, write)));
  }
  const entries = writes.map(({ key, value }) => [key, value] as const);
  if (writes[0]?.facade === "records") return (await store.records.putMany(entries)).map(versionOf);
  await store.kv.setMany(entries);
  return writes.map(() => ({}));
}

async function applyTwice(store: Store, write: Write): Promise<Answer> {
  if (write.facade !== "events") return apply(store, write);
  const first = await store.events.append(write.stream, write.events);
  const second = await store.events.append(write.stream, write.events);
  if (!second.duplicate || second.position !== first.position || second.version !== first.version) {
    throw new Error(`appending ${first.ids} again answered ${JSON.stringify(second)}`);
  }
  return { version: first.version, position: first.position };
}

async function abandon(store: Store, id: string, writes: readonly Write[]): Promise<readonly Answer[]> {
  const givenUp = new Error(`${id} is given up`);
  await store
    .transaction(async (tx) => {
      await inTurn(writes, (write) => apply(tx, write));
      throw givenUp;
    })
    .catch((error: unknown) => {
      if (error !== givenUp) throw error;
    });
  return [];
}

async function expectRefusal(store: Store, write: EntryWrite): Promise<Answer> {
  try {
    await apply(store, write, { ifMatch: "no-such-version" });
  } catch (error) {
    if (PersistError.is(error, "CONFLICT")) return {};
    throw error;
  }
  throw new Error(`a write to ${write.key} with a condition that does not hold was accepted`);
}

function versionOf({ version }: { version: string }): Answer {
  return { version };
}

/** Long ones arrive in pieces with a pause before each, so that a kill meets them half-way. */
function streamed(bytes: Uint8Array<ArrayBuffer>): BlobBody {
  return bytes.length < 100_000 ? bytes : pieces(bytes);
}

async function* pieces(bytes: Uint8Array<ArrayBuffer>): AsyncIterable<Uint8Array> {
  for (let start = 0; start < bytes.length; start += 100_000) {
    await new Promise(setImmediate);
    yield bytes.subarray(start, start + 100_000);
  }
}
