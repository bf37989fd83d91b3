// For apps.
export type { BlobBody, BlobInfo, BlobItem, BlobPutOptions, Blobs, BlobUpload, StoredBlob } from "./api/blobs.ts";
export type { Capabilities, Support } from "./api/capabilities.ts";
export type { Change, ChangesOptions, Watcher, WatchOptions } from "./api/changes.ts";
export type { CollectionOptions } from "./api/collections.ts";
export type { ConsumeOptions, Consumer, ConsumerHandler } from "./api/consumers.ts";
export type {
  AppendOptions,
  AppendResult,
  EventFilter,
  EventMap,
  EventMeta,
  Events,
  NewEvent,
  ReadOptions,
  StoredEvent,
  SubscribeOptions,
} from "./api/events.ts";
export type { Kv, KvEntry, KvOps } from "./api/kv.ts";
export type { Listing, Page, RangeOptions } from "./api/listings.ts";
export type { Clear, Condition, Duration, Expiry, Facade, OpOptions } from "./api/operations.ts";
export type { Path, Plan, Query, Where } from "./api/queries.ts";
export type { RecordEntry, RecordOps, Records } from "./api/records.ts";
export type { Store, Transaction } from "./api/store.ts";
export { decode, encode, maxDepth } from "./codec.ts";
// For authors of adapters and engines.
export type * from "./contract.ts";
export { createStore } from "./create-store.ts";
export { parseDuration } from "./durations.ts";
export { type ErrorCode, type ErrorDetails, type Outcome, PersistError } from "./errors.ts";
export { fourMethods } from "./four-methods.ts";
export { createIndexer, type Indexer } from "./indexes/indexer.ts";
export { checkKey, checkName, compareKeys } from "./keys.ts";
export { commonPrefix } from "./lift/scan.ts";
export { commitLimits } from "./limits.ts";
export { memory } from "./memory/adapter.ts";
export { addNumber } from "./numbers.ts";
export { openEngine } from "./open-engine.ts";
export { checkOptionNames, storeOptionNames } from "./option-names.ts";
export type { AdapterRegistry, CreateStoreOptions, PromisedAdapters, StoreOptions } from "./options.ts";
export { type AdapterDescriptor, type AdapterFactory, registerAdapter } from "./registry.ts";
export { deletionsKeptFor } from "./retention.ts";
export { hashRows } from "./row-hash.ts";
export { createSha256, type Sha256 } from "./sha256.ts";
export { type Siblings, siblingsOf } from "./siblings.ts";
export { type StoredEventRow, toEventRow } from "./stored-events.ts";
export { storedText, textOf } from "./stored-text.ts";
export { firstOf, hasEvents, isExpected, rowVersionOf, streamHead } from "./stream-heads.ts";
export { createSweeper, type Sweeper } from "./sweeper.ts";
export { blobReplaced, refuseAbortedTransfer } from "./transfers.ts";
