/** What a contender's process is told to do. Everything is compared with what must be there, outside of the timed part. */

/** In bytes: above this a body is not held in memory. */
export const largestHeld = 2 ** 20;

export type Task =
  /** One object of so many bytes; `get beginning`: all of it but the last byte. */
  | { readonly do: "put" | "get" | "get beginning"; readonly bytes: number }
  /** So many small ones, this many at once. */
  | {
      readonly do: "set JSON" | "get JSON" | "put small" | "get small";
      readonly count: number;
      readonly atOnce: number;
    };

export interface Done {
  readonly milliseconds: number;
  /** The heap at its greatest since the process began, in bytes. */
  readonly heap: number;
}
