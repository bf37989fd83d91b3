/** postgres.js, one connection at a time. What there is to know of it stands here and nowhere else. */
import postgres from "postgres";
import { type Address, type CancelKey, cancel, type Dialled, dial } from "./dial.ts";
import { type BackendName, unreachable } from "./errors.ts";
import type { Param } from "./statement.ts";

export type Sql = postgres.Sql;

export interface Login extends Address {
  readonly database: string;
  readonly user: string;
  /** Default: what the environment has as PGPASSWORD. */
  readonly password: string | undefined;
  /** Whether statements are prepared, once for each connection. */
  readonly prepare: boolean;
}

/** One connection. Its statements run one after the other. */
export interface Link {
  /** By `performance.now()`. */
  readonly openedAt: number;
  /** Whether a statement may be sent. */
  readonly isOpen: boolean;
  /** What answers at the other end. `undefined` behind a pooler, which hands what is set here to others. */
  readonly backend: BackendName | undefined;
  /** Text with parameters is prepared; it is one statement. */
  send<Row>(text: string, params: readonly Param[]): Promise<Row[]>;
  /** Several statements in one text. */
  run(script: string): Promise<{ readonly command?: string | null }>;
  /** Asks the server to stop what runs on this link. */
  cancel(): Promise<void>;
  /** Whether it keeps the process alive. */
  hold(held: boolean): void;
  /** Cuts it. What was sent rejects. */
  destroy(): void;
  /** Says goodbye. */
  close(): Promise<void>;
}

export interface LinkEvents {
  onClose(): void;
  onNotify?(channel: string, payload: string): void;
}

const whoAnswers = `
  select pid, extract(epoch from backend_start)::text as "startedAt" from pg_stat_activity where pid = pg_backend_pid()`;

const asIs = (value: string): string => value;
/** Documents travel as the text they are: postgres.js would encode them once more. */
const json = { to: 114, from: [114, 3802], serialize: asIs, parse: asIs };

/** How long saying goodbye may take, in seconds. */
const goodbye = 1;

export async function openLink(login: Login, { onClose, onNotify }: LinkEvents): Promise<Link> {
  let dialled: Dialled | undefined = await dial(login);
  const { wire } = dialled;
  let isOpen = true;

  // postgres.js makes a connection anew by itself when it breaks, over and over where the server hangs up at once. A link has one socket and no other.
  const onlySocket = async (): Promise<unknown> => {
    const socket = dialled?.socket;
    dialled = undefined;
    if (socket === undefined || wire.destroyed) throw unreachable("ECONNRESET");
    return socket;
  };

  const sql = postgres({
    ...whereTo(login),
    max: 1,
    fetch_types: false,
    types: { json },
    idle_timeout: 0,
    max_lifetime: null,
    keep_alive: null,
    onnotice: () => {},
    onclose: () => {
      isOpen = false;
      onClose();
    },
    onnotify: onNotify,
    socket: onlySocket,
    no_subscribe: true,
  } as unknown as postgres.Options<Record<string, never>>);

  const send: Link["send"] = (text, params) => sendOn(sql, login.prepare, text, params);

  const destroy = (): void => {
    isOpen = false;
    wire.destroy();
  };

  const timer = setTimeout(destroy, login.connectTimeout);
  try {
    const first = await sql.unsafe<[BackendName]>(whoAnswers);
    const [backend] = first;
    // A pooler gives out numbers of its own.
    const { pid, secret } = first.state as unknown as CancelKey;
    return {
      openedAt: performance.now(),
      get isOpen() {
        return isOpen && !wire.destroyed; // who gets its error is told before its end is
      },
      backend: backend.pid === pid ? backend : undefined,
      send,
      run: (script) => runOn(sql, script),
      cancel: () => cancel(login, { pid, secret }),
      hold: (held) => {
        if (held) wire.ref();
        else wire.unref();
      },
      destroy,
      close: async () => {
        isOpen = false;
        wire.ref();
        await sql.end({ timeout: goodbye });
        wire.destroy();
      },
    };
  } catch (error) {
    destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** A statement on its way; `state` is set once it has been sent. */
export type Query<Row> = Promise<Row[]> & { readonly state?: unknown; cancel(): void };

/** One statement by the extended protocol, also where it has no parameters. `execute`: else it would set out only when somebody waits for it, and others could overtake it. */
export const sendOn = <Row>(
  sql: Pick<Sql, "unsafe">,
  prepare: boolean,
  text: string,
  params: readonly Param[],
): Query<Row> =>
  sql
    .unsafe(text, params as Param[], { prepare, simple: false } as postgres.UnsafeQueryOptions)
    .execute() as unknown as Query<Row>;

export const runOn = (sql: Pick<Sql, "unsafe">, script: string): Promise<{ readonly command?: string | null }> =>
  sql.unsafe(script).execute();

/** One connection beside a given instance, with its options. Made anew it would be outside the transaction: so whether it still is the first. */
export function openBeside(given: Sql): { readonly sql: Sql; isOpen(): boolean } {
  let isOpen = true;
  const onclose = (): void => {
    isOpen = false;
  };
  // postgres.js takes parsed options as they are.
  const options = { ...given.options, max: 1, idle_timeout: null, max_lifetime: null, fetch_types: false, onclose };
  return { sql: postgres(options as unknown as postgres.Options<Record<string, never>>), isOpen: () => isOpen };
}

/** The one connection by which the instance listens, once it does: postgres.js keeps it to itself. */
export const listeningOf = (given: Sql): Pick<Sql, "unsafe"> => (given.listen as unknown as { readonly sql: Sql }).sql;

/** What Persist does not do with its own connections: one that the user talks to. It keeps the process while somebody waits for an answer, and a second longer. */
export function openRaw(login: Login): Sql {
  return postgres({
    ...whereTo(login),
    max: 10,
    onnotice: () => {},
    idle_timeout: 1,
    max_lifetime: null,
    socket: async () => (await dial(login)).socket,
  } as unknown as postgres.Options<Record<string, never>>);
}

const whereTo = (login: Login) => ({
  host: login.host,
  port: login.port,
  database: login.database,
  username: login.user,
  ...(login.password === undefined ? {} : { password: login.password }),
  ssl: false, // the socket has it already
  prepare: login.prepare,
  connect_timeout: Math.max(1, login.connectTimeout / 1000),
  connection: { application_name: applicationName },
});

const applicationName = "persist";
