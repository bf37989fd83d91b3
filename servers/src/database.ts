/** Fresh databases on one server. */
import { randomUUID } from "node:crypto";
import { query } from "./postgres-query.ts";

export interface Database {
  readonly url: string;
  readonly name: string;
  /** Removes it, with those who are still connected to it. Once is enough. */
  drop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface DatabaseOptions {
  /** The database to copy; nobody may be connected to it. Default: an empty one. */
  readonly template?: string;
  /** What settings begin as for whoever connects to it, where nobody says otherwise: `{ timezone: "Asia/Kolkata" }`. */
  readonly defaults?: Readonly<Record<string, string>>;
}

/**
 * Makes a database, in about a tenth of a second.
 *
 * @param server - A server, or any database of it.
 * @param name - Small letters, digits and `_`. Default: one that no other has.
 */
export async function createDatabase(
  server: { readonly url: string },
  name: string = `persist_${randomUUID().replaceAll("-", "")}`,
  { template = "template0", defaults = {} }: DatabaseOptions = {},
): Promise<Database> {
  // Drivers differ in how they read any other name from a URL.
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(name)) throw new Error(`createDatabase: "${name}" is no plain name`);
  const settings = Object.entries(defaults).map(
    ([setting, value]) => `alter database ${quoted(name)} set ${setting} = '${value.replaceAll("'", "''")}'`,
  );
  await query(server.url, `create database ${quoted(name)} template ${quoted(template)}`, ...settings);
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  const drop = async () => {
    await query(server.url, `drop database if exists ${quoted(name)} with (force)`);
  };
  return { url: url.href, name, drop, [Symbol.asyncDispose]: drop };
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
