import type { Capabilities } from "./api/capabilities.ts";
import type { PersistAdapter } from "./contract.ts";

/**
 * Option types by adapter name. Each adapter package adds its own:
 *
 * ```ts
 * declare module "@cuitty/persist-core" {
 *   interface AdapterRegistry { redis: { url: string } }
 * }
 * ```
 */
export interface AdapterRegistry {
  /** Keeps everything in this process, and nothing after it. */
  memory: { adapter: "memory" };
}

/**
 * The same of adapters that are known before their packages are there, so that their options are checked and `createStore` can say what to install. Once a package itself stands in
 * {@link AdapterRegistry}, what it says there counts, and nothing of this.
 */
export interface PromisedAdapters {}

/** What every store takes, whatever its adapter. */
export interface StoreOptions {
  /** 1 to 64 of `A-Z a-z 0-9 . _ -`. Data is scoped by it. */
  name: string;
  /** A store of its own in the same place, by the same rule. Default: none. */
  namespace?: string;
  /** Milliseconds since the epoch, fractions cut off; judges expiry and stamps times. Default: the backend's clock, where it has one, else this machine's. */
  clock?: () => number;
  /** At least this, or `createStore` fails with `UNSUPPORTED`: better at start-up than at three in the morning. */
  require?: Partial<Omit<Capabilities, "limits">>;
}

type Adapters = AdapterRegistry & Omit<PromisedAdapters, keyof AdapterRegistry>;

type Named = {
  [A in keyof Adapters]: StoreOptions & { adapter: A } & Adapters[A];
}[keyof Adapters];

type Default = AdapterRegistry extends { sqlite: infer S } ? StoreOptions & { adapter?: never } & S : never;

/**
 * One union over all adapters, told apart by `adapter`: a wrong name or option is a compile error that says what was meant. Without `adapter`: SQLite.
 */
export type CreateStoreOptions = Named | Default | (StoreOptions & { adapter: PersistAdapter });
