/** What the errors mean of the server, of the network and of the driver. */
import type { ErrorCode } from "@cuitty/persist-core";

export interface Meaning {
  readonly code: ErrorCode;
  /** What is the matter and what to do, as whole sentences for people. */
  readonly reason: string;
}

const unreachable = "Check that the server runs, and the host and the port.";
const serverDisk = "The server reports an error of its disk or its file system. Look into the server's log.";
const damaged = "The server found damaged data. Look into its log, and restore the database from a backup.";
const certificate =
  "The server's certificate is not trusted. Pass the authority that signed it by the option ssl: { ca }.";

/** By SQLSTATE, or by its class: the first two characters. The whole code counts more. */
const byState: Readonly<Record<string, Meaning>> = {
  "08": { code: "UNAVAILABLE", reason: "The connection to the server failed. Try again." },
  "08P01": {
    code: "UNAVAILABLE",
    reason:
      "The server, or a pooler before it, does not understand what was sent. A pooler that shares connections between transactions needs the option prepare: false.",
  },
  "0A000": { code: "UNSUPPORTED", reason: "The server cannot do this." },
  "21000": { code: "INTERNAL", reason: "This is a defect of Persist. Please report it." },
  "22": { code: "INVALID_VALUE", reason: "The value is not what an index on the table asks for, one of your own." },
  "22021": { code: "INVALID_VALUE", reason: "The text holds a character that the server cannot store." },
  "22P05": { code: "INVALID_VALUE", reason: "The text holds a character that the database's encoding cannot express." },
  "22003": { code: "INVALID_VALUE", reason: "A number is out of the range that the server can store." },
  "25006": {
    code: "DENIED",
    reason: "The server takes no writes: it is a standby, or its transactions are read-only. Connect to the primary.",
  },
  "25P02": { code: "UNAVAILABLE", reason: "The transaction had failed already. Try again." },
  "25P03": { code: "TIMEOUT", reason: "The transaction stood still for too long and the server ended it." },
  "25P04": { code: "TIMEOUT", reason: "The transaction took too long and the server ended it." },
  "26000": {
    code: "UNAVAILABLE",
    reason: "A pooler before the server mixes up prepared statements. Pass the option prepare: false.",
  },
  "28": {
    code: "DENIED",
    reason: "The server refuses this user. Check user and password, and the server's pg_hba.conf.",
  },
  "3D000": { code: "DENIED", reason: "There is no database of that name. Create it, or correct the option database." },
  "3F000": { code: "MIGRATION", reason: "The schema is missing. Open the store anew, by a user who may create it." },
  "40": { code: "UNAVAILABLE", reason: "It was in the way of other transactions again and again. Try again." },
  "42501": {
    code: "DENIED",
    reason: "This user lacks a privilege. The owner of the schema has to grant it.",
  },
  "42P01": { code: "MIGRATION", reason: "A table is missing that should be there. Was the schema changed by hand?" },
  "42703": { code: "MIGRATION", reason: "A column is missing that should be there. Was the schema changed by hand?" },
  "42883": { code: "MIGRATION", reason: "A function is missing that should be there. Was the schema changed by hand?" },
  "42P07": { code: "MIGRATION", reason: "Something of that name stands in the schema already. Choose another schema." },
  "53100": { code: "NO_SPACE", reason: "The server's disk is full. Free some space." },
  "53200": { code: "UNAVAILABLE", reason: "The server is out of memory. Try again later." },
  "53300": {
    code: "UNAVAILABLE",
    reason: "The server has no connection left. Lower pool.max, raise its max_connections, or put a pooler before it.",
  },
  "53400": { code: "UNAVAILABLE", reason: "A limit of the server's configuration is exceeded." },
  "53": { code: "UNAVAILABLE", reason: "The server lacks resources. Try again later." },
  "54": { code: "TOO_LARGE", reason: "It is larger than the server can take." },
  "55P03": { code: "UNAVAILABLE", reason: "Somebody else holds a lock. Try again." },
  "55006": { code: "UNAVAILABLE", reason: "Something that it needs is in use. Try again." },
  "57014": { code: "TIMEOUT", reason: "The statement was cancelled, by its time limit or by an administrator." },
  "57P01": { code: "UNAVAILABLE", reason: "An administrator ended the connection. Try again." },
  "57P02": { code: "UNAVAILABLE", reason: "The server crashed and is being restarted. Try again." },
  "57P03": { code: "UNAVAILABLE", reason: "The server is starting up or shutting down. Try again." },
  "57P04": { code: "DENIED", reason: "The database was dropped." },
  "57P05": { code: "UNAVAILABLE", reason: "The server ended a connection that was idle. Try again." },
  "58": { code: "UNAVAILABLE", reason: serverDisk },
  XX001: { code: "CORRUPT", reason: damaged },
  XX002: { code: "CORRUPT", reason: damaged },
};

/** By the `code` of errors from the system, from TLS, and from postgres.js. */
const byCode: Readonly<Record<string, Meaning>> = {
  ECONNREFUSED: { code: "UNAVAILABLE", reason: `Nobody listens there. ${unreachable}` },
  ECONNRESET: { code: "UNAVAILABLE", reason: "The connection broke. Try again." },
  ECONNABORTED: { code: "UNAVAILABLE", reason: "The connection broke. Try again." },
  EPIPE: { code: "UNAVAILABLE", reason: "The connection broke. Try again." },
  ETIMEDOUT: { code: "UNAVAILABLE", reason: `The server does not answer. ${unreachable}` },
  EHOSTUNREACH: { code: "UNAVAILABLE", reason: `There is no way to the server. ${unreachable}` },
  ENETUNREACH: { code: "UNAVAILABLE", reason: `There is no way to the server. ${unreachable}` },
  ENOTFOUND: {
    code: "UNAVAILABLE",
    reason: "There is no host of that name. Check the option host, and the name service.",
  },
  EAI_AGAIN: { code: "UNAVAILABLE", reason: "The name service does not answer. Try again later." },
  ENOENT: { code: "UNAVAILABLE", reason: `There is no such Unix socket. ${unreachable}` },
  EACCES: { code: "DENIED", reason: "The Unix socket may not be opened. Check its permissions." },
  EMFILE: { code: "UNAVAILABLE", reason: "This process has too many files and sockets open." },
  CONNECT_TIMEOUT: { code: "UNAVAILABLE", reason: `The server did not answer in time. ${unreachable}` },
  CONNECTION_CLOSED: { code: "UNAVAILABLE", reason: "The connection broke. Try again." },
  CONNECTION_DESTROYED: { code: "UNAVAILABLE", reason: "The connection was cut. Try again." },
  CONNECTION_ENDED: { code: "CLOSED", reason: "The connection has been ended." },
  TLS_REFUSED: {
    code: "DENIED",
    reason:
      "The server does not speak TLS. Set it up there, or leave out the option ssl where the network can be trusted.",
  },
  SASL_SIGNATURE_MISMATCH: { code: "DENIED", reason: "The server could not prove that it knows the password." },
  MAX_PARAMETERS_EXCEEDED: { code: "TOO_LARGE", reason: "It has more parameters than a statement can take." },
  DEPTH_ZERO_SELF_SIGNED_CERT: { code: "DENIED", reason: certificate },
  SELF_SIGNED_CERT_IN_CHAIN: { code: "DENIED", reason: certificate },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: { code: "DENIED", reason: certificate },
  UNABLE_TO_GET_ISSUER_CERT: { code: "DENIED", reason: certificate },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: { code: "DENIED", reason: certificate },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    code: "DENIED",
    reason: "The server's certificate is for another host name. Use that name, or pass it as ssl: { servername }.",
  },
};

/** Codes of TLS that come in families. */
const byFamily: readonly (readonly [string, Meaning])[] = [
  ["CERT_", { code: "DENIED", reason: certificate }],
  ["ERR_SSL_", { code: "UNAVAILABLE", reason: "The two sides cannot agree on TLS. Check the option ssl." }],
  ["ERR_TLS_", { code: "UNAVAILABLE", reason: "The two sides cannot agree on TLS. Check the option ssl." }],
  ["SASL_", { code: "DENIED", reason: "The server refuses this user. Check user and password." }],
];

const sqlState = /^[0-9A-Z]{5}$/;

/** Of the server's own answer. */
export const meaningOfState = (state: string): Meaning | undefined =>
  sqlState.test(state) ? (own(byState, state) ?? own(byState, state.slice(0, 2))) : undefined;

/** Of an error that did not come from the server. */
export const meaningOfCode = (code: string): Meaning | undefined =>
  own(byCode, code) ?? byFamily.find(([start]) => code.startsWith(start))?.[1];

const own = (table: Readonly<Record<string, Meaning>>, key: string): Meaning | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;
