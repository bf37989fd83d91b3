/** The server's clock as it goes on here, so that many hosts agree on what has expired whatever their own clocks say. */
import { type Connection, type Patience, perSchema } from "./connection.ts";

export interface ServerClock {
  /** Milliseconds since the epoch. Asks the server now and then, in the background. */
  now(): number;
}

/** How long an answer of the server is gone by, in milliseconds: in that time two good clocks drift apart by a few milliseconds. */
const trusted = 60_000;

const text = perSchema((s) => `select ${s}.server_time()::float8 as time`);

export async function readServerClock(connection: Connection, o: Patience): Promise<ServerClock> {
  let reading = await read(connection, o);
  let asking = false;

  async function ask(): Promise<void> {
    asking = true;
    try {
      reading = await read(connection, { deadline: performance.now() + trusted });
    } catch {
      // Out of reach: the host's clock goes on from the last answer.
    }
    asking = false;
  }

  return {
    now() {
      const age = performance.now() - reading.at;
      if (age > trusted && !asking) void ask();
      return Math.floor(reading.time + age);
    },
  };
}

interface Reading {
  readonly time: number;
  /** By `performance.now()`. */
  readonly at: number;
}

/** The server has read its clock about halfway between the question and the answer. */
async function read(connection: Connection, o: Patience): Promise<Reading> {
  const asked = performance.now();
  const [row] = await connection.read<{ time: number }>(o, text(connection), []);
  if (row === undefined) throw new Error("The server does not tell the time.");
  return { time: row.time, at: (asked + performance.now()) / 2 };
}
