/** For engines that stand on this one, and keep more in the same file and the same transactions. */
export type { Patience } from "./busy.ts";
export type { Connection } from "./connection.ts";
export {
  attachContent,
  chunkBytes,
  discardContent,
  extendContent,
  mayAttach,
  readChunk,
  readContent,
  renewContent,
} from "./contents.ts";
export { createEngine } from "./engine.ts";
export { append, appendErased, eraseVersions, vacate } from "./events.ts";
export type { Journal } from "./journal.ts";
export { type OwnTables, open, patience } from "./open.ts";
export { parseOptions } from "./options.ts";
export { deleteRow, putRow, readRow } from "./rows.ts";
export { claimFile } from "./store-name.ts";
export { readHead } from "./streams.ts";
