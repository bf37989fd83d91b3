import type { Row } from "./contract.ts";

/** A row of core's own engines, which keep the times of every row and write no `null`. */
export interface FullRow extends Row {
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly expiresAt?: number | undefined;
  readonly content?: string | undefined;
}
