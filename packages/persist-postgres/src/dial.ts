/** A socket to the server, with TLS where it is asked for. Made here and not in the driver, so that a link that owes an answer can be cut. */
import { connect, isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { unreachable } from "./errors.ts";

export interface Address {
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  /** Of TLS; `undefined` is none. */
  readonly tls: ConnectionOptions | undefined;
  /** Milliseconds. */
  readonly connectTimeout: number;
}

export interface Dialled {
  /** To talk through. */
  readonly socket: Socket;
  /** Below TLS: what keeps a process alive or not. */
  readonly wire: Socket;
}

/** What a client that wants TLS says first. */
const tlsRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const tlsAccepted = "S";

/** Idle for so long, in milliseconds, a link is probed: below what firewalls and load balancers forget. */
const keepAliveAfter = 30_000;

/** Resolves when it is connected, TLS included. */
export function dial({ host, port, tls, connectTimeout }: Address): Promise<Dialled> {
  const wire = host.startsWith("/") ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
  wire.setNoDelay(true);
  wire.setKeepAlive(true, keepAliveAfter);
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      clearTimeout(timer);
      wire.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(unreachable("CONNECT_TIMEOUT")), connectTimeout);
    const closed = (): void => fail(unreachable("ECONNRESET"));
    const done = (socket: Socket): void => {
      clearTimeout(timer);
      for (const one of [wire, socket])
        one
          .off("error", fail)
          .off("close", closed)
          .on("error", () => {}); // whoever talks is told too
      resolve({ socket, wire });
    };
    wire.on("error", fail).on("close", closed);
    wire.once("connect", () => {
      if (tls === undefined) return done(wire);
      wire.write(tlsRequest);
      wire.once("data", (answer) => {
        if (answer.toString("latin1") !== tlsAccepted) return fail(unreachable("TLS_REFUSED"));
        const socket = connectTls({
          ...tls,
          socket: wire,
          servername: tls.servername ?? (isIP(host) > 0 ? "" : host),
          host,
        });
        socket.on("error", fail).on("close", closed);
        socket.once("secureConnect", () => done(socket));
      });
    });
  });
}

const cancelRequest = 80877102;

/** Asks the server to stop what that backend is running. Settles when the request has been read, or could not be brought there. */
export async function cancel(address: Address, key: CancelKey): Promise<void> {
  const request = Buffer.alloc(16);
  request.writeInt32BE(16, 0);
  request.writeInt32BE(cancelRequest, 4);
  request.writeUInt32BE(key.pid, 8);
  request.writeUInt32BE(key.secret, 12);
  try {
    const { socket, wire } = await dial(address);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => wire.destroy(), address.connectTimeout);
      socket.on("error", () => wire.destroy());
      wire.once("close", () => {
        clearTimeout(timer);
        resolve();
      });
      socket.resume();
      // The other side ends it, as it does with libpq: PgBouncer 1.18 crashes where whoever asks does so first.
      socket.write(request);
    });
  } catch {
    // It is then as with any statement whose answer is lost.
  }
}

/** Whom to cancel, as the server has told it to this connection. */
export interface CancelKey {
  readonly pid: number;
  readonly secret: number;
}
