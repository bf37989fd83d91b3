/** A connection as this package wants it, whatever the user, the database or the server have as their defaults. */
import { type Link, type LinkEvents, type Login, openLink } from "./driver.ts";

export interface SessionLimits {
  /** The longest statement, in milliseconds, by the server's watch: what is left of a client that is gone ends by then. */
  readonly statementTimeout: number;
}

/**
 * Poolers lend a connection to others after each transaction, and what is set on it along with it. So behind one nothing is set, and what the package needs must be the default: see
 * the documentation.
 */
export async function openSession(login: Login, limits: SessionLimits, events: LinkEvents): Promise<Link> {
  const link = await openLink(login, events);
  if (link.backend === undefined) return link;
  const timer = setTimeout(link.destroy, login.connectTimeout);
  try {
    await link.run(settings(limits));
    return link;
  } catch (error) {
    link.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

const settings = ({ statementTimeout }: SessionLimits): string => `
  set default_transaction_isolation = 'read committed';
  set default_transaction_read_only = off;
  set default_transaction_deferrable = off;
  set statement_timeout = ${statementTimeout};
  set idle_in_transaction_session_timeout = ${statementTimeout};
  set idle_session_timeout = 0;
  set lock_timeout = 0;
  set standard_conforming_strings = on;
  set extra_float_digits = 1;
  set bytea_output = 'hex';
  set search_path = pg_catalog;
  select set_config(name, '0', false) from pg_settings where name = 'transaction_timeout'; -- of 17 and later
`;
