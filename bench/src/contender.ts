/** What is raced: a library that keeps values by key, used as its own documentation shows. */

/**
 * What an acknowledged write survives. `"relaxed"`: the end of the process; a power cut may take the last moments, and damages nothing. `"full"`: a power cut too.
 */
export type Durability = "relaxed" | "full";

export type Value = Readonly<Record<string, unknown>>;

export interface Entry {
  readonly key: string;
  readonly value: unknown;
}

export interface ContenderKind {
  readonly name: string;
  /** How it is brought to each durability; one that it cannot have is left out, and is not raced. */
  readonly settings: Readonly<Partial<Record<Durability, string>>>;
  /** Opens what the place holds, or makes it: a folder's absolute path, or a database's URL. */
  open(place: string, durability: Durability): Promise<Contender>;
}

/** Calls that answer at once return no promise, and are not awaited: nobody awaits better-sqlite3. */
export interface Contender {
  get(key: string): unknown;
  set(key: string, value: Value): unknown;
  delete(key: string): unknown;
  /** The entries whose keys start with the prefix, in any order. Left out where the library has no listing by prefix. */
  list?(prefix: string): readonly Entry[] | Promise<readonly Entry[]>;
  /** Documents, where the library keeps them apart from values. */
  readonly documents?: Pick<Contender, "get" | "set">;
  /** Waits for what goes on after the acknowledgements, so that it is not charged to whoever is next. */
  settle?(): Promise<unknown>;
  close(): unknown;
}
