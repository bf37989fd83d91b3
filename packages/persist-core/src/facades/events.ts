import type {
  AppendOptions,
  AppendResult,
  EventMap,
  Events,
  NewEvent,
  ReadOptions,
  StoredEvent,
  SubscribeOptions,
} from "../api/events.ts";
import type { Listing, RangeOptions } from "../api/listings.ts";
import { appendOp, appendOptionNames, parseExpected } from "../append-op.ts";
import { beginCall } from "../calls.ts";
import type { Appended, StreamHead } from "../contract.ts";
import { eraseEvents } from "../erasing.ts";
import { PersistError } from "../errors.ts";
import { listEvents } from "../event-listing.ts";
import { subscribe } from "../feed/subscription.ts";
import { foldStream } from "../folding.ts";
import type { Gate, LiveGate } from "../gate.ts";
import { checkKey } from "../keys.ts";
import { readHead } from "../reading.ts";
import { listRows } from "../row-listing.ts";
import { toEvent } from "../stored-event.ts";

/** What can be done in a transaction too. */
export function createEventOps(gate: Gate): Omit<Events, "subscribe" | "consume"> {
  return {
    async append<M>(
      stream: string,
      events: NewEvent<NoInfer<M>> | readonly NewEvent<NoInfer<M>>[],
      o?: AppendOptions,
    ): Promise<AppendResult> {
      checkKey(stream, "stream");
      const call = beginCall("events.append", stream, o, appendOptionNames);
      const op = appendOp(stream, events as NewEvent | readonly NewEvent[], o);
      const { answers } = await gate.commit([op], call);
      return { ...(answers[0]?.appended as Appended), ids: op.events.map(({ id }) => id) };
    },

    read<M = EventMap>(stream: string, o?: ReadOptions): Listing<StoredEvent<M>> {
      checkKey(stream, "stream");
      return listEvents(gate, "events.read", stream, o, toEvent<M>);
    },

    readAll<M = EventMap>(o?: ReadOptions): Listing<StoredEvent<M>> {
      return listEvents(gate, "events.readAll", undefined, o, toEvent<M>);
    },

    async head(stream, o) {
      if (stream !== undefined) checkKey(stream, "stream");
      const head = await readHead(gate, stream ?? "", beginCall("events.head", stream, o));
      return stream === undefined ? head.position : head.version;
    },

    streams: (o?: RangeOptions) =>
      listRows(gate, "streams", "events.streams", o, {
        keysOnly: false,
        show: ({ key, value }) => ({ stream: key, version: (JSON.parse(value) as StreamHead).version }),
      }),

    async fold(stream, initial, step, o) {
      checkKey(stream, "stream");
      if (typeof step !== "function")
        throw new PersistError("INVALID_ARGUMENT", "events.fold takes a function of the state and an event.");
      return gate.track(foldStream(gate, stream, initial, step, beginCall("events.fold", stream, o)));
    },

    async truncate(stream, before, o) {
      checkKey(stream, "stream");
      const operation = "events.truncate";
      if (!Number.isSafeInteger(before) || before < 0) {
        throw new PersistError(
          "INVALID_ARGUMENT",
          `${operation}: before must be a version, a whole number of at least 0 (it was ${String(before)}).`,
        );
      }
      await gate.track(eraseEvents(gate, stream, { before, begin: () => beginCall(operation, stream, o) }));
    },

    async deleteStream(stream, o) {
      checkKey(stream, "stream");
      const operation = "events.deleteStream";
      const begin = () => beginCall(operation, stream, o, ["expectedVersion"]);
      return gate.track(eraseEvents(gate, stream, { expected: () => parseExpected(operation, o), begin }));
    },
  };
}

export function createEvents(gate: LiveGate): Omit<Events, "consume"> {
  return {
    ...createEventOps(gate),
    subscribe: <M>(o?: SubscribeOptions) => subscribe(gate, o, toEvent<M>),
  };
}
