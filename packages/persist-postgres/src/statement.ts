/** What goes to the server and how long it may take. */

/** What a statement's parameters may be. Bytes go as bytea. */
export type Param = string | number | boolean | null | Uint8Array;

/** How long to wait; as in the contract's EngineOptions. */
export interface Patience {
  /** By `performance.now()`. */
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
}

/** Runs one statement and answers its rows. */
export type Statement = <Row>(text: string, params: readonly Param[]) => Promise<Row[]>;
