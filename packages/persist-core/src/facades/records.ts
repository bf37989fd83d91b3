import { v7 as uuidv7 } from "uuid";
import type { WatchOptions } from "../api/changes.ts";
import type { Listing } from "../api/listings.ts";
import type { Clear, Condition, Expiry, OpOptions } from "../api/operations.ts";
import type { Query } from "../api/queries.ts";
import type { RecordEntry, RecordOps, Records } from "../api/records.ts";
import { type Attempts, attemptOf } from "../attempts.ts";
import { beginCall, type Call } from "../calls.ts";
import { clearSpace } from "../clearing.ts";
import { decode, encode } from "../codec.ts";
import { type Accepted, type Form, plain, shownValue } from "../collections/form.ts";
import { parseCondition } from "../conditions.ts";
import type { Answer, PutOp, Row } from "../contract.ts";
import { parseExpiry } from "../durations.ts";
import { PersistError } from "../errors.ts";
import { watchKeys } from "../feed/watch-keys.ts";
import type { Applied, Gate, LiveGate } from "../gate.ts";
import { checkKey } from "../keys.ts";
import { noIndexes } from "../query/indexes.ts";
import { createQueries, type Queries, type QueryScope } from "../query/queries.ts";
import { readOne, readPresent } from "../reading.ts";

const conditionNames = ["ifMatch", "ifNoneMatch"];
const expiryNames = ["ttl", "expiresAt"];
const putNames = [...conditionNames, ...expiryNames];
const updateNames = ["ifMatch", "retries"];

type Change = Record<string, unknown> | ((current: unknown) => unknown);

export interface RecordParts {
  readonly gate: Gate;
  readonly attempts: Attempts;
  /** Default: documents as they are. */
  readonly form?: Form;
  /** What queries may go by. Default, and in transactions: nothing but keys. */
  readonly scope?: QueryScope;
}

const everywhere: QueryScope = { indexes: noIndexes };

export function createRecordOps({ gate, attempts, form = plain, scope = everywhere }: RecordParts): RecordOps {
  const show = <V>(row: Row): RecordEntry<V> => showRecord(row, form);
  const queries = createRecordQueries({ gate, form, scope });
  const initialExpiry = () => form.initialExpiry(gate.now());

  const putOp = (
    key: string,
    { value }: Accepted,
    expiresAt: number | undefined,
    ifVersion?: string | null,
  ): PutOp => ({
    op: "put",
    space: "records",
    key,
    value: encode(value),
    version: gate.version(),
    expiresAt,
    index: [],
    ifVersion,
  });

  const commitOne = async (op: PutOp, call: Call): Promise<RecordEntry<unknown>> => {
    const applied = await gate.commit([op], call);
    return toStored(op, applied, 0);
  };

  const putOne = async (
    key: string,
    value: unknown,
    expiresAt: number | undefined,
    ifVersion: string | null | undefined,
    call: Call,
    what?: Pick<PutOp, "update">,
  ): Promise<RecordEntry<unknown>> => {
    const accepted = form.accept(value, key, call);
    // What is accepted at once is encoded at once: the caller may change it afterwards.
    const op = putOp(key, accepted instanceof Promise ? await accepted : accepted, expiresAt, ifVersion);
    return commitOne({ ...op, ...what }, call);
  };

  return {
    async get<V>(key: string, o?: OpOptions): Promise<RecordEntry<V> | undefined> {
      checkKey(key);
      const row = readOne(gate, "records", key, beginCall("records.get", key, o));
      const found = row instanceof Promise ? await row : row;
      return found === undefined ? undefined : show<V>(found);
    },

    async getMany<V>(keys: readonly string[], o?: OpOptions): Promise<Map<string, RecordEntry<V>>> {
      const rows = await readPresent(gate, "records", keys, beginCall("records.getMany", undefined, o));
      return new Map(rows.map((row) => [row.key, show<V>(row)]));
    },

    async has(key, o) {
      checkKey(key);
      return (await readOne(gate, "records", key, beginCall("records.has", key, o))) !== undefined;
    },

    async put(key: string, value: unknown, o?: OpOptions & Condition & Expiry) {
      checkKey(key);
      const call = beginCall("records.put", key, o, putNames);
      const expiresAt = parseExpiry(o, gate.now) ?? initialExpiry();
      return putOne(key, value, expiresAt, parseCondition("records.put", o), call);
    },

    async add(value, o) {
      const key = uuidv7();
      const call = beginCall("records.add", key, o, expiryNames);
      return putOne(key, value, parseExpiry(o, gate.now) ?? initialExpiry(), null, call);
    },

    async insert(key, value, o) {
      checkKey(key);
      const call = beginCall("records.insert", key, o, expiryNames);
      return putOne(key, value, parseExpiry(o, gate.now) ?? initialExpiry(), null, call);
    },

    async putMany(entries, o) {
      const call = beginCall("records.putMany", undefined, o);
      const ops = new Map<string, PutOp>(); // of one key the last entry counts
      for (const [key, value] of entries) {
        checkKey(key);
        const accepted = form.accept(value, key, call);
        ops.set(key, putOp(key, accepted instanceof Promise ? await accepted : accepted, initialExpiry()));
      }
      if (ops.size === 0) return [];
      const list = [...ops.values()];
      const applied = await gate.commit(list, call);
      return list.map((op, i) => toStored(op, applied, i));
    },

    async update(key: string, change: Change, o?: OpOptions & { ifMatch?: string; retries?: number }) {
      checkKey(key);
      const call = beginCall("records.update", key, o, updateNames);
      const expected = parseCondition("records.update", o);
      return attempts.run(gate, call, expected === undefined ? o?.retries : 0, async () => {
        const row = await readOne(gate, "records", key, call);
        if (row === undefined) {
          throw new PersistError(
            "NOT_FOUND",
            `records.update: there is no record "${key}". Use put or insert to make it.`,
            {
              operation: call.operation,
              key,
            },
          );
        }
        const next = await applyChange(shownValue(form, row), change, key);
        return attemptOf(
          putOne(key, next, row.expiresAt ?? undefined, expected ?? row.version, call, { update: form.merge }),
        );
      });
    },

    async delete(key, o) {
      checkKey(key);
      const call = beginCall("records.delete", key, o, conditionNames);
      const ifVersion = parseCondition("records.delete", o);
      const op = { op: "delete", space: "records", key, version: gate.version(), ifVersion } as const;
      const { answers } = await gate.commit([op], call);
      return answers[0]?.existed === true;
    },

    list<V>(o?: Query<never>) {
      return queries.list(o) as Listing<RecordEntry<V>>;
    },

    count: queries.count,
  };
}

export interface RecordsParts extends RecordParts, Pick<Records, "collection"> {
  readonly gate: LiveGate;
}

export function createRecords(parts: RecordsParts): Records {
  const { gate, collection, form = plain, scope = everywhere } = parts;
  return {
    ...createRecordOps(parts),
    collection,
    explain: createRecordQueries({ gate, form, scope }).explain,
    clear: (what: Clear, o?: OpOptions) => clearSpace(gate, "records", "records.clear", what, o),
    watch: <V>(what: string | { prefix: string } = { prefix: "" }, o?: WatchOptions) =>
      watchKeys(gate, "records", what, o, (row) => showRecord<V>(row, form)),
    async conflicts(key, o) {
      checkKey(key);
      const call = beginCall("records.conflicts", key, o);
      if (gate.conflicts !== undefined) return (await gate.conflicts(key, call)).map((row) => showRecord(row, form));
      await readOne(gate, "records", key, call);
      return [];
    },
  };
}

async function applyChange(current: unknown, change: Change, key: string): Promise<unknown> {
  if (typeof change === "function") return change(current);
  if (!isFields(change) || !isFields(current)) {
    throw new PersistError(
      "INVALID_ARGUMENT",
      `records.update: a patch is an object and changes fields of an object; the ${isFields(change) ? `record "${key}"` : "patch"} is none. Pass a function instead.`,
      { operation: "records.update", key },
    );
  }
  // Spread defines properties, so that a field named __proto__ stays a field; encoding leaves out what is undefined.
  return { ...current, ...change };
}

function isFields(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return !(value instanceof Date || value instanceof Uint8Array || value instanceof Map || value instanceof Set);
}

/** As the feed of changes shows it. */
export function showRecord<V>(row: Row, form: Form = plain): RecordEntry<V> {
  return toEntry(row, shownValue(form, row)) as RecordEntry<V>;
}

function createRecordQueries({
  gate,
  form,
  scope,
}: Required<Omit<RecordParts, "attempts">>): Queries<RecordEntry<unknown>> {
  return createQueries({
    gate,
    scope,
    // As stored, and not as shown: so are the entries of indexes made, and all plans have to give the same answer.
    documentOf: (row) => decode(row.value),
    show: (row, document) => toEntry(row, form.show(document, row)),
  });
}

function toEntry(row: Row, value: unknown): RecordEntry<unknown> {
  const { key, version, createdAt = 0, updatedAt = 0, expiresAt } = row;
  const entry = {
    key,
    value,
    version,
    createdAt: new Date(createdAt),
    updatedAt: new Date(updatedAt),
  };
  return expiresAt == null ? entry : { ...entry, expiresAt: new Date(expiresAt) };
}

/** What the operation has stored. */
function toStored(op: PutOp, { time, answers }: Applied, i: number): RecordEntry<unknown> {
  const { createdAt = time } = answers[i] as Answer;
  return toEntry({ ...op, createdAt, updatedAt: time }, decode(op.value));
}
