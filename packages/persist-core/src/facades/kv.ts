import type { WatchOptions } from "../api/changes.ts";
import type { Kv, KvEntry, KvOps } from "../api/kv.ts";
import type { RangeOptions } from "../api/listings.ts";
import type { Clear, Condition, Duration, Expiry, OpOptions } from "../api/operations.ts";
import { type Attempts, attemptOf } from "../attempts.ts";
import { type Bindings, nested } from "../bindings.ts";
import { beginCall, type Call } from "../calls.ts";
import { clearSpace } from "../clearing.ts";
import { decode, encode } from "../codec.ts";
import { parseCondition } from "../conditions.ts";
import type { PutOp, Row } from "../contract.ts";
import { countRows } from "../counting.ts";
import { parseDuration, parseExpiry } from "../durations.ts";
import { PersistError } from "../errors.ts";
import { watchKeys } from "../feed/watch-keys.ts";
import type { Gate, LiveGate } from "../gate.ts";
import { checkKey, checkName } from "../keys.ts";
import { checkOptionNames } from "../option-names.ts";
import { createPrefixGate } from "../prefix-gate.ts";
import { parseRange, rangeNames } from "../ranges.ts";
import { readOne, readPresent } from "../reading.ts";
import { listRows } from "../row-listing.ts";

const conditionNames = ["ifMatch", "ifNoneMatch"];
const expiryNames = ["ttl", "expiresAt"];
const setNames = [...conditionNames, ...expiryNames];
const updateNames = [...expiryNames, "retries"];

/** What a bucket does by itself. */
export interface KvDefaults {
  /** Milliseconds that a new entry lives where nothing else is said. */
  readonly ttl?: number | undefined;
}

export function createKvOps(gate: Gate, attempts: Attempts, { ttl }: KvDefaults = {}): KvOps {
  const initialExpiry = () => (ttl === undefined ? undefined : Math.ceil(gate.now() + ttl));
  const read = (key: string, call: Call) => readOne(gate, "kv", key, call);

  const putOp = (key: string, value: unknown, expiresAt: number | undefined): PutOp => ({
    op: "put",
    space: "kv",
    key,
    value: encode(value),
    version: gate.version(),
    expiresAt,
  });

  return {
    async get<V>(key: string, o?: OpOptions): Promise<V | undefined> {
      checkKey(key);
      const value = gate.value(key, beginCall("kv.get", key, o));
      const text = value instanceof Promise ? await value : value;
      return text === undefined ? undefined : (decode(text) as V);
    },

    async getEntry<V>(key: string, o?: OpOptions): Promise<KvEntry<V> | undefined> {
      checkKey(key);
      const row = await read(key, beginCall("kv.getEntry", key, o));
      return row === undefined ? undefined : toEntry<V>(row);
    },

    async getMany<V>(keys: readonly string[], o?: OpOptions): Promise<Map<string, V>> {
      const rows = await readPresent(gate, "kv", keys, beginCall("kv.getMany", undefined, o));
      return new Map(rows.map((row) => [row.key, decode(row.value) as V]));
    },

    async has(key, o) {
      checkKey(key);
      return (await read(key, beginCall("kv.has", key, o))) !== undefined;
    },

    async set(key: string, value: unknown, o?: OpOptions & Condition & Expiry) {
      checkKey(key);
      const call = beginCall("kv.set", key, o, setNames);
      const op = putOp(key, value, parseExpiry(o, gate.now) ?? initialExpiry());
      const ifVersion = parseCondition("kv.set", o);
      await gate.commit([ifVersion === undefined ? op : { ...op, ifVersion }], call);
      return { version: op.version };
    },

    async setMany(entries, o) {
      const call = beginCall("kv.setMany", undefined, o, expiryNames);
      const expiresAt = parseExpiry(o, gate.now) ?? initialExpiry();
      const ops = new Map<string, PutOp>(); // of one key the last entry counts
      for (const [key, value] of entries) {
        checkKey(key);
        ops.set(key, putOp(key, value, expiresAt));
      }
      if (ops.size > 0) await gate.commit([...ops.values()], call);
    },

    async update<V>(
      key: string,
      change: (current: V | undefined) => V | undefined | Promise<V | undefined>,
      o?: OpOptions & Expiry & { retries?: number },
    ): Promise<V | undefined> {
      checkKey(key);
      const call = beginCall("kv.update", key, o, updateNames);
      const expiresAt = parseExpiry(o, gate.now);
      return attempts.run(gate, call, o?.retries, async () => {
        const row = await read(key, call);
        const next = await change(row === undefined ? undefined : (decode(row.value) as V));
        const ifVersion = row?.version ?? null;
        if (next !== undefined) {
          const kept = row === undefined ? initialExpiry() : (row.expiresAt ?? undefined);
          const op = putOp(key, next, expiresAt ?? kept);
          return attemptOf(gate.commit([{ ...op, ifVersion }], call).then(() => decode(op.value) as V));
        }
        if (row === undefined) return { value: undefined };
        const op = { op: "delete", space: "kv", key, version: gate.version(), ifVersion } as const;
        return attemptOf(gate.commit([op], call).then(() => undefined));
      });
    },

    async increment(key, by = 1, o) {
      checkKey(key);
      const call = beginCall("kv.increment", key, o, expiryNames);
      if (typeof by !== "number" || !Number.isFinite(by)) {
        throw new PersistError("INVALID_ARGUMENT", `kv.increment: by must be a finite number (it was ${String(by)}).`, {
          key,
        });
      }
      const expiresAt = parseExpiry(o, gate.now);
      const { answers } = await gate.commit(
        [{ op: "add", space: "kv", key, by, version: gate.version(), expiresAt, initialExpiresAt: initialExpiry() }],
        call,
      );
      return decode(answers[0]?.value as string) as number;
    },

    async touch(key: string, ttl: Duration | null, o?: OpOptions) {
      checkKey(key);
      const call = beginCall("kv.touch", key, o);
      const duration = ttl === null ? undefined : parseDuration(ttl, "ttl");
      return attempts.run(gate, call, undefined, async () => {
        const row = await read(key, call);
        if (row === undefined) return { value: false };
        const expiresAt = duration === undefined ? undefined : Math.ceil(gate.now() + duration);
        const { value } = row;
        const op = {
          op: "put",
          space: "kv",
          key,
          value,
          version: gate.version(),
          expiresAt,
          ifVersion: row.version,
        } as const;
        return attemptOf(gate.commit([op], call).then(() => true));
      });
    },

    async delete(key, o) {
      checkKey(key);
      const call = beginCall("kv.delete", key, o, conditionNames);
      const ifVersion = parseCondition("kv.delete", o);
      const { answers } = await gate.commit(
        [{ op: "delete", space: "kv", key, version: gate.version(), ifVersion }],
        call,
      );
      return answers[0]?.existed === true;
    },

    list<V>(o?: RangeOptions) {
      return listRows<KvEntry<V>>(gate, "kv", "kv.list", o, { keysOnly: false, show: toEntry });
    },

    async count(o) {
      const call = beginCall("kv.count", undefined, o, rangeNames);
      return countRows(gate, "kv", parseRange("kv.count", o), "kv.list", call);
    },

    keys: (o) => listRows(gate, "kv", "kv.keys", o, { keysOnly: true, show: (row) => row.key }),
  };
}

export function createKv(gate: LiveGate, attempts: Attempts, bindings: Bindings, defaults: KvDefaults = {}): Kv {
  return {
    ...createKvOps(gate, attempts, defaults),
    clear: (what: Clear, o?: OpOptions) => clearSpace(gate, "kv", "kv.clear", what, o),
    watch: <V>(what: string | { prefix: string }, o?: WatchOptions) => watchKeys(gate, "kv", what, o, showValue<V>),
    bucket<V>(name: string, o: { ttl?: Duration } = {}) {
      checkName(name, "bucket's name");
      checkOptionNames("kv.bucket", o, ["ttl"]);
      const own = { ttl: o.ttl === undefined ? defaults.ttl : parseDuration(o.ttl, "ttl") };
      const over = <G extends Gate>(to: G) => createPrefixGate(to, "kv", `${name}/`);
      const bucket = createKv(over(gate), attempts, nested(bindings, over), own);
      bindings.add(bucket, (to, among) => createKvOps(over(to), among, own));
      return bucket as Kv<V>;
    },
  };
}

/** As the feed of changes shows it. */
export function showValue<V>(row: Row): V {
  return decode(row.value) as V;
}

function toEntry<V>(row: Row): KvEntry<V> {
  const { key, version } = row;
  const value = decode(row.value) as V;
  return row.expiresAt == null ? { key, value, version } : { key, value, version, expiresAt: new Date(row.expiresAt) };
}
