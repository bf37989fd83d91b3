/**
 * The options that Persist's other adapters are promised to take, so that `createStore({ adapter: "postgres", … })` is checked before the package is installed, and
 * then says what to install. Where the package is imported, its own options count, which are these and more.
 */

export interface PostgresOptions {
  connection: {
    host: string;
    /** Default 5432. */
    port?: number | undefined;
    database: string;
    user: string;
    password?: string | undefined;
  };
  pool?: {
    /** The most connections. Default 10. */
    max?: number | undefined;
  };
}

export interface S3Options {
  bucket: string;
  region: string;
  /** Default: the AWS SDK's chain of credential providers. */
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string | undefined };
}

export interface P2pOptions {
  discovery: {
    /** `"mdns"`: the local network. `"dht"`: anywhere, over bootstrap nodes. `"static"`: the addresses in `peers`. Or several of them. */
    method: "mdns" | "dht" | "static" | readonly ("mdns" | "dht" | "static")[];
    /** Peers with the same topic find each other. It is no secret. */
    topic: string;
    /** Multiaddrs of bootstrap nodes. */
    bootstrap?: readonly string[];
    /** Multiaddrs of peers. */
    peers?: readonly string[];
  };
  /** The local file. Default: `./.persist/<name>-p2p/store.db`. */
  path?: string;
  /** Keeps others out: the same on every peer. Default: everybody in the local network who knows the topic is let in. */
  secret?: string | Uint8Array;
}

declare module "@cuitty/persist-core" {
  interface PromisedAdapters {
    postgres: PostgresOptions;
    s3: S3Options;
    p2p: P2pOptions;
  }
}
