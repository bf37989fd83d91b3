// For apps.
export type { Blobs, BlobBody, BlobInfo, BlobItem, BlobPutOptions, StoredBlob } from "./api/blobs.ts";
export type { Capabilities, Support } from "./api/capabilities.ts";
export type { Clear, Condition, Duration, Expiry, Facade, Listing, OpOptions, Page, RangeOptions } from "./api/common.ts";
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
} from "./api/events.ts";
export type { Kv, KvEntry, KvOps } from "./api/kv.ts";
export type { RecordEntry, RecordOps, Records } from "./api/records.ts";
export type { Store, Transaction } from "./api/store.ts";
export { type ErrorCode, type ErrorDetails, type Outcome, PersistError } from "./errors.ts";
export type { AdapterRegistry, CreateStoreOptions, StoreOptions } from "./options.ts";

// For authors of adapters and engines.
export type * from "./contract.ts";
export { checkKey, checkName, compareKeys } from "./keys.ts";
export { addNumber } from "./numbers.ts";
export { checkOptionNames } from "./option-names.ts";
export { type AdapterDescriptor, type AdapterFactory, registerAdapter } from "./registry.ts";
export { hashRows } from "./row-hash.ts";
export { createSha256, type Sha256 } from "./sha256.ts";
