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
    /** `"mdns"`: the local network. `"dht"`: anywhere. */
    method: "mdns" | "dht";
    /** Peers with the same topic find each other. It is no secret. */
    topic: string;
  };
}

declare module "@cuitty/persist-core" {
  interface PromisedAdapters {
    postgres: PostgresOptions;
    s3: S3Options;
    p2p: P2pOptions;
  }
}
