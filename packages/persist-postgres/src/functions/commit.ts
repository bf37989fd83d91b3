/**
 * The functions of the schema by which a commit is one statement: `commit_lists` takes the operations of all lists as JSON, judges and applies them list by list,
 * and answers one text for each list.
 *
 * Read committed: each statement in here sees what was committed before it, so that what is locked first and read then is the truth until the end. See
 * docs/design/0003-postgres.md for what is locked, and why in this order.
 *
 * What an operation looks like as JSON: see `../operations.ts`.
 */
import type { Locks } from "../connection.ts";
import { contentFunctions } from "./contents.ts";
import { indexFunctions } from "./index-entries.ts";
import { listFunctions, operationType } from "./lists.ts";
import { lockingFunctions } from "./locking.ts";
import { logFunctions } from "./log.ts";
import { rowFunctions } from "./rows.ts";

/** All of them, in the schema `s`, an identifier as it stands in SQL. */
export const commitFunctions = (s: string, locks: Locks): string =>
  operationType(s) +
  lockingFunctions(s) +
  contentFunctions(s) +
  indexFunctions(s) +
  rowFunctions(s) +
  logFunctions(s, locks) +
  listFunctions(s, locks);
