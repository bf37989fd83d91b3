/** The feed of a real database, read and written without a store around it. */
import type { ChangedRow, Op } from "@cuitty/persist-core";
import postgres from "postgres";
import { onTestFinished } from "vitest";
import { readChanges } from "../src/changes.ts";
import { commitLists } from "../src/commit.ts";
import type { Connection, Param } from "../src/connection.ts";
import { type Opened, open } from "../src/open.ts";
import { type PostgresOptions, parseOptions } from "../src/options.ts";
import { findScope } from "../src/scopes.ts";

export const at = (now = 1000) => ({ now, deadline: performance.now() + 30_000 });

export const put = (key: string, version: string, expiresAt?: number): Op => ({
  op: "put",
  space: "kv",
  key,
  value: `"${version}"`,
  version,
  expiresAt,
});

export const remove = (key: string, version = `no-${key}`): Op => ({ op: "delete", space: "kv", key, version });

export async function openAt(options: PostgresOptions): Promise<Opened> {
  const opened = await open(parseOptions(options));
  onTestFinished(() => opened.close());
  return opened;
}

export function connect(url: string): postgres.Sql {
  const sql = postgres(url, { onnotice: () => {} });
  onTestFinished(() => sql.end({ timeout: 1 }));
  return sql;
}

export interface Feed {
  readonly connection: Connection;
  readonly scope: number;
  commit(...ops: Op[]): Promise<void>;
  /** To the end, in pages of so many. */
  readAll(since?: string, limit?: number, now?: number): Promise<ChangedRow[]>;
}

export async function feedOf(connection: Connection, namespace = ""): Promise<Feed> {
  const scope = await findScope(connection, { name: "feed", namespace }, at());
  return {
    connection,
    scope,
    async commit(...ops) {
      const [result] = await commitLists(connection, scope, [ops], at());
      if (result?.outcome !== "applied") throw new Error(JSON.stringify(result));
    },
    async readAll(since, limit = 3, now = 1000) {
      const all: ChangedRow[] = [];
      for (let cursor = since; ; ) {
        const page = await readChanges(connection, scope, cursor, limit, now, at());
        all.push(...page.changes);
        cursor = page.cursor;
        if (!page.more) return all;
      }
    },
  };
}

/** A transaction that stays open: what is committed through its connection is in effect once it ends. */
export async function begin(sql: postgres.Sql, connection: Connection) {
  const reserved = await sql.reserve();
  const run = async <Row>(text: string, params: readonly Param[] = []) =>
    (await reserved.unsafe(text, params as Param[])) as unknown as Row[];
  const end = async (how: "commit" | "rollback") => {
    await run(how);
    reserved.release();
  };
  await run("begin");
  return {
    connection: {
      ...connection,
      read: (_o, text, params) => run(text, params),
      write: (_o, text, params) => run(text, params),
    } as Connection,
    commit: () => end("commit"),
    rollback: () => end("rollback"),
  };
}

export const keysOf = (changes: readonly ChangedRow[]) => changes.map(({ key }) => key);
