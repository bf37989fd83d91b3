/** What is known of a store's log: each look at it goes on where the one before ended, and the last one reads it again from its beginning. */
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Store, StoredEvent } from "@cuitty/persist-core";
import type { Complaint } from "./complaints.ts";
import type { Expected } from "./expected.ts";
import { type EventsWrite, effectsOf, laneOf, numberOf, type Operation, operationOf } from "./operations.ts";
import type { Plan } from "./plan.ts";
import type { Snapshot } from "./snapshot.ts";

export interface EventLog {
  /** Of the last event that has been looked at. */
  readonly position: number;
  /** Looks at the events that came since. Doubts must be settled. */
  extend(found: Snapshot, expected: Expected): readonly Complaint[];
  /** Whether the log is still what it was, event by event, and its heads agree with it. */
  reread(store: Store): Promise<readonly Complaint[]>;
}

export function createEventLog(plan: Plan): EventLog {
  const versions = new Map<string, number>();
  /** The number of the last operation of each lane that stands in the log. */
  const numbers = new Map<string, number>();
  let hash = createHash("sha256");
  let position = 0;
  let time = 0;

  const follow = (event: StoredEvent): string | undefined => {
    const version = (versions.get(event.stream) ?? 0) + 1;
    const operation = operationOf(event.id);
    const isAhead = numberOf(operation) < (numbers.get(laneOf(operation)) ?? 0);
    const where = `event ${event.id} at position ${event.position}, version ${event.version} of ${event.stream}`;
    const problem =
      event.position !== position + 1
        ? `follows position ${position}`
        : event.version !== version
          ? `follows version ${version - 1}`
          : event.time.getTime() < time
            ? "is earlier than the one before"
            : isAhead
              ? "stands behind a later one of its lane"
              : undefined;
    ({ position } = event);
    time = event.time.getTime();
    versions.set(event.stream, event.version);
    numbers.set(laneOf(operation), numberOf(operation));
    hash.update(fingerprint(event));
    return problem === undefined ? undefined : `${where} ${problem}`;
  };

  return {
    get position() {
      return position;
    },

    extend({ events, eventsByOperation }, expected) {
      const complaints: Complaint[] = [];
      for (const event of events) {
        const text = follow(event);
        if (text !== undefined) complaints.push({ kind: "disorder", text });
      }
      for (const [id, appended] of eventsByOperation) {
        complaints.push(...judgeAppend(plan.operation(id), appended, expected));
      }
      for (const id of expected.appends.keys()) {
        if (!eventsByOperation.has(id)) complaints.push({ kind: "lost", text: `the events of ${id} are not there` });
      }
      return complaints;
    },

    async reread(store) {
      const complaints: Complaint[] = [];
      const before = hash.digest("hex");
      hash = createHash("sha256");
      for await (const event of store.events.readAll()) hash.update(fingerprint(event));
      if (hash.copy().digest("hex") !== before) {
        complaints.push({ kind: "disorder", text: "the log, read again, is not what it was" });
      }
      const heads = new Map<string, number>();
      for await (const { stream, version } of store.events.streams()) heads.set(stream, version);
      if (!isDeepStrictEqual(heads, versions) || (await store.events.head()) !== position) {
        complaints.push({ kind: "disorder", text: "the heads of the log and its streams are not those of the events" });
      }
      return complaints;
    },
  };
}

/** The events of one operation are those of its plan, side by side, where the store said. */
function judgeAppend(operation: Operation, found: readonly StoredEvent[], expected: Expected): readonly Complaint[] {
  const { id } = operation;
  const write = effectsOf(operation).find(({ facade }) => facade === "events") as EventsWrite | undefined;
  const answer = expected.appends.get(id);
  if (write === undefined) return [{ kind: "half", text: `events of ${id} (${operation.way}) are there` }];
  if (answer === undefined) return [{ kind: "disorder", text: `the events of ${id} are new, but it is long settled` }];

  const planned = write.events.map(({ id, type, data, tags }) => ({ stream: write.stream, id, type, data, tags }));
  const stored = found.map(({ stream, id, type, data, tags }) => ({ stream, id, type, data, tags }));
  const last = found.at(-1) as StoredEvent;
  if (found.length < planned.length) {
    return [{ kind: "half", text: `${found.length} of ${planned.length} events of ${id} are there` }];
  }
  if (!isDeepStrictEqual(stored, planned)) {
    return [{ kind: "torn", text: `the events of ${id} are not what was appended` }];
  }
  if (last.position - (found[0]?.position ?? 0) !== found.length - 1) {
    return [{ kind: "half", text: `the events of ${id} do not stand side by side` }];
  }
  if ((answer.version ?? last.version) !== last.version || (answer.position ?? last.position) !== last.position) {
    const where = `version ${last.version}, position ${last.position}`;
    return [{ kind: "lost", text: `the events of ${id} stand at ${where}, not as ${JSON.stringify(answer)} says` }];
  }
  return [];
}

function fingerprint({ position, stream, version, id, type, time, data }: StoredEvent): string {
  return `${JSON.stringify([position, stream, version, id, type, time, data])}\n`;
}
