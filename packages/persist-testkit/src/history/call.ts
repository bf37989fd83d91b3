/** What clients did to one store, call by call: what a checker needs in order to say whether all of it fits together. */

export interface Call {
  readonly client: string;
  readonly key: string;
  /** When it was made, on one clock that all clients share; the unit is of no interest. */
  readonly called: number;
  /** When it was answered. Left out where its outcome is not known: then it may take effect at any later time, or never. */
  readonly answered?: number;
  /** Its outcome is not known, but by then it had taken effect, or it never will. */
  readonly settled?: number;
  readonly action: Action;
}

/** A version that is left out was not told. */
export type Action =
  | { readonly do: "get"; readonly found: Found | undefined }
  | { readonly do: "set"; readonly value: string | number; readonly version?: string }
  | { readonly do: "delete"; readonly existed?: boolean }
  | {
      readonly do: "compareAndSet";
      /** The version that must be there; `null`: nothing may be there. */
      readonly expected: string | null;
      readonly value: string | number;
      readonly version?: string;
      /** Left out where it is not known. */
      readonly applied?: boolean;
    }
  | { readonly do: "increment"; readonly by: number; readonly sum?: number };

export interface Found {
  readonly value: unknown;
  readonly version?: string;
}
