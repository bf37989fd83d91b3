/** The store that is compared with the model: does the same operations, and tells what came of them in the same form. */
import {
  PersistError,
  type Store,
  type StoredEvent,
  type Query as StoreQuery,
  type Transaction,
} from "@cuitty/persist-core";
import { bytesOf } from "../content.ts";
import type { Outcome } from "./model.ts";
import { collectionName, type Expected, type InnerOperation, type Operation, type Query } from "./operations.ts";

export interface Subject {
  perform(operation: Operation): Promise<Outcome>;
  /** All that is stored. */
  everything(): Promise<unknown>;
  close(): Promise<void>;
}

export interface SubjectHost {
  open(): Promise<Store>;
  /** Ends the store and all under it, so that it can be opened again. */
  close(): Promise<void>;
}

/** Thrown by the callbacks of transactions that are to be given up. */
const givenUp = new Error("given up");

export interface SubjectOptions {
  /** Whether any operation asks for a stale version: then all that is there is listed before each. */
  readonly remembers: boolean;
}

export async function createSubject(host: SubjectHost, { remembers }: SubjectOptions): Promise<Subject> {
  let store = await host.open();
  let collection = store.records.collection(collectionName);
  /** Versions that were met, by facade and key. */
  const met = new Map<string, Set<string>>();

  const inner = async (to: Store | Transaction, op: InnerOperation, inTransaction: boolean): Promise<unknown> => {
    switch (op.do) {
      case "kv.set": {
        const condition = await demand(`kv ${op.key}`, op.expect, async () => (await to.kv.getEntry(op.key))?.version);
        return to.kv.set(op.key, op.value, { ...condition, ...expiry(op.ttl) });
      }
      case "kv.setMany":
        return to.kv.setMany(op.entries, expiry(op.ttl));
      case "kv.get":
        return to.kv.get(op.key);
      case "kv.getEntry":
        return to.kv.getEntry(op.key);
      case "kv.getMany":
        return to.kv.getMany(op.keys);
      case "kv.has":
        return to.kv.has(op.key);
      case "kv.delete":
        return to.kv.delete(
          op.key,
          await demand(`kv ${op.key}`, op.expect, async () => (await to.kv.getEntry(op.key))?.version),
        );
      case "kv.increment":
        return to.kv.increment(op.key, op.by, expiry(op.ttl));
      case "kv.update": {
        const { change } = op;
        const next = (current: unknown) => {
          if (change === "remove") return undefined;
          if (change === "replace") return { replaced: [current ?? null] };
          return typeof current === "number" ? current + 1 : 1;
        };
        return to.kv.update(op.key, next, expiry(op.ttl));
      }
      case "kv.touch":
        return to.kv.touch(op.key, op.ttl);
      case "kv.list":
        return to.kv.list(op.range).toArray();
      case "kv.keys":
        return iterate(to.kv.keys(op.range));
      case "records.put": {
        const condition = await demand(
          `records ${op.key}`,
          op.expect,
          async () => (await to.records.get(op.key))?.version,
        );
        return to.records.put(op.key, op.value, { ...condition, ...expiry(op.ttl) });
      }
      case "records.insert":
        return to.records.insert(op.key, op.value, expiry(op.ttl));
      case "records.putMany":
        return to.records.putMany(op.entries);
      case "records.get":
        return to.records.get(op.key);
      case "records.getMany":
        return to.records.getMany(op.keys);
      case "records.patch":
        return to.records.update(op.key, op.patch as object);
      case "records.delete":
        return to.records.delete(
          op.key,
          await demand(`records ${op.key}`, op.expect, async () => (await to.records.get(op.key))?.version),
        );
      case "records.list":
        return to.records.list(op.range).toArray();
      case "blobs.put": {
        const condition = await demand(undefined, op.expect, async () => (await to.blobs.head(op.key))?.etag);
        const { key, size, lastModified } = await to.blobs.put(op.key, bytesOf(op.size, op.seed), condition);
        return { key, size, lastModified };
      }
      case "blobs.get":
        return (await to.blobs.get(op.key, { range: { offset: op.offset, length: op.length } }))?.bytes();
      case "blobs.head": {
        const info = await to.blobs.head(op.key);
        return info && { key: info.key, size: info.size, lastModified: info.lastModified };
      }
      case "blobs.delete": {
        const condition = await demand(undefined, op.expect, async () => (await to.blobs.head(op.key))?.etag);
        if (store.capabilities.blobConditions !== "absent") return to.blobs.delete(op.key, condition);
        // Nobody else writes: it can as well be judged beforehand.
        const etag = (await to.blobs.head(op.key))?.etag;
        const isMet =
          condition === undefined || ("ifMatch" in condition ? condition.ifMatch === etag : etag === undefined);
        if (!isMet) throw new PersistError("CONFLICT", "The condition is not met.");
        return to.blobs.delete(op.key);
      }
      case "events.append": {
        const head = await to.events.head(op.stream);
        const expectedVersion = op.expect === "head" ? head : op.expect === "beyond" ? head + 1 : op.expect;
        const events = op.ids.map((id) => ({ id, type: "t", data: op.value }));
        const answer = await to.events.append(op.stream, events, { expectedVersion });
        const { version, ids } = answer;
        return inTransaction ? { version, ids } : answer;
      }
      case "events.read": {
        const events = await to.events.read(op.stream, reading(op)).toArray();
        return inTransaction ? events.map(({ id, version, data }) => ({ id, version, data })) : events.map(showEvent);
      }
      case "events.head":
        return to.events.head(op.stream);
      case "collection.list":
        return inCollection(to).list(toQuery(op.query)).toArray();
      case "collection.count":
        return inCollection(to).count(toQuery(op.query));
    }
  };

  const inCollection = (to: Store | Transaction) => ("use" in to ? to.use(collection) : collection);

  /** The condition, with a version that is there or was there. */
  const demand = async (name: string | undefined, expect: Expected, current: () => Promise<string | undefined>) => {
    if (expect === "anything") return {};
    if (expect === "nothing") return { ifNoneMatch: "*" } as const;
    const version = await current();
    if (expect === "current") return { ifMatch: version ?? "none" };
    const stale = [...(met.get(name ?? "") ?? [])].findLast((one) => one !== version);
    return { ifMatch: stale ?? "none" };
  };

  /** Remembers the versions of what is there, for later conditions on what was there. */
  const remember = async () => {
    for await (const { key, version } of store.kv.list()) note(`kv ${key}`, version);
    for await (const { key, version } of store.records.list()) note(`records ${key}`, version);
  };
  const note = (name: string, version: string) => {
    const versions = met.get(name) ?? new Set();
    met.set(name, versions.add(version));
  };

  const perform = async (op: Operation): Promise<unknown> => {
    switch (op.do) {
      case "kv.pages":
        return pages(op.size, (limit, cursor) => store.kv.list({ ...op.range, limit, cursor }).page());
      case "records.pages":
        return pages(op.size, (limit, cursor) => store.records.list({ ...op.range, limit, cursor }).page());
      case "kv.clear":
        return store.kv.clear({ prefix: op.prefix });
      case "records.clear":
        return store.records.clear({ prefix: op.prefix });
      case "blobs.clear":
        return store.blobs.clear({ prefix: op.prefix });
      case "blobs.list":
        // Without lastModified, which listings may tell by the clock of a server.
        return (await store.blobs.list(op.range).toArray()).map(({ key, size }) => ({ key, size }));
      case "events.streams":
        return store.events.streams(op.range).toArray();
      case "events.truncate":
        return store.events.truncate(op.stream, op.before);
      case "events.deleteStream":
        return store.events.deleteStream(op.stream);
      case "events.readAll":
        return (await store.events.readAll(reading(op)).toArray()).map(showEvent);
      case "transaction": {
        let outcomes: Outcome[] = [];
        const work = store.transaction(async (tx) => {
          outcomes = [];
          for (const one of op.inner) outcomes.push(await attempt(() => inner(tx, one, true)));
          if (op.ends === "throw") throw givenUp;
        });
        await work.catch((error: unknown) => {
          if (error !== givenUp) throw error;
        });
        return outcomes;
      }
      case "advance":
        return undefined; // the model has moved the clock that both have
      case "reopen":
        await host.close();
        store = await host.open();
        collection = store.records.collection(collectionName);
        return undefined;
      case "collection.index":
        collection = store.records.collection(collectionName, { indexes });
        return undefined;
      default:
        return inner(store, op, false);
    }
  };

  return {
    async perform(operation) {
      if (remembers) await remember();
      return attempt(() => perform(operation));
    },
    async everything() {
      const blobs = await store.blobs.list().toArray();
      return {
        kv: await store.kv.list().toArray(),
        records: await store.records.list().toArray(),
        blobs: await Promise.all(blobs.map(async ({ key }) => [key, await (await store.blobs.get(key))?.bytes()])),
        events: (await store.events.readAll().toArray()).map(showEvent),
      };
    },
    close: () => store.close(),
  };
}

const indexes = { byX: { on: "x" }, byY: { on: ["y", "x"] }, byZ: { on: "x.z" } };

function toQuery({ condition, ...rest }: Query): StoreQuery<unknown> {
  if (condition === undefined) return rest;
  const { path, test, operand, not } = condition;
  const where = { [path]: test === "is" ? operand : { [test]: operand } };
  return { ...rest, where: not === true ? { not: where } : where };
}

async function attempt(work: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { result: await work() };
  } catch (error) {
    if (PersistError.is(error)) return { error: error.code };
    throw error;
  }
}

function expiry(ttl: number | undefined): { ttl?: number } {
  return ttl === undefined ? {} : { ttl };
}

function reading(o: { from: number; to: number; backward: boolean; limit: number }) {
  const { from, to, backward, limit } = o;
  return { from, to, direction: backward ? "backward" : "forward", limit } as const;
}

function showEvent({ id, stream, version, position, time, data }: StoredEvent) {
  return { id, stream, version, position, data, time };
}

async function iterate<T>(listing: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of listing) items.push(item);
  return items;
}

async function pages<T>(
  size: number,
  page: (limit: number, cursor: string | undefined) => Promise<{ items: readonly T[]; cursor?: string }>,
): Promise<T[]> {
  const items: T[] = [];
  for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
    const next = await page(size, cursor);
    items.push(...next.items);
    cursor = next.cursor;
  }
  return items;
}
