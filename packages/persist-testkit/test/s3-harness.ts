// Stores in one bucket, as the kit gets at them: a prefix for each place. Each adapter is reached through a wire of its own, which can be cut.
import type { PersistAdapter } from "@cuitty/persist-core";
import { s3 } from "@cuitty/persist-s3/adapter";
import { type Bucket, startProxy, type Proxy as Wire } from "@cuitty/persist-servers";
import type { Harness } from "@cuitty/persist-testkit";

interface Opened {
  readonly adapter: PersistAdapter;
  readonly wire: Wire | undefined;
}

export interface S3HarnessOptions {
  readonly name?: string;
  /** Whether changes are kept. */
  readonly feed: boolean;
}

export function s3Harness(bucket: Bucket, { name = "s3", feed }: S3HarnessOptions): Harness {
  const opened = new Map<string, Opened[]>();
  // Certificates are made out to names, and a wire has another one.
  const isNear = bucket.endpoint.startsWith("http://127.0.0.1:");
  const prefixOf = (id: string) => `${id}/`;

  const harness: Harness = {
    name,

    async open(id) {
      const wire = isNear ? await startProxy(Number(new URL(bucket.endpoint).port)) : undefined;
      const adapter = await s3({
        bucket: bucket.bucket,
        region: bucket.region,
        credentials: bucket.credentials,
        endpoint: wire?.through(bucket.endpoint) ?? bucket.endpoint,
        prefix: prefixOf(id),
        feed,
      });
      opened.set(id, [...(opened.get(id) ?? []), { adapter, wire }]);
      return {
        ...adapter,
        async close() {
          await adapter.close?.();
          await wire?.close();
        },
      };
    },

    async destroy(id) {
      for (const { adapter, wire } of opened.get(id) ?? []) {
        wire?.cut();
        await adapter.close?.();
        await wire?.close();
      }
      opened.delete(id);
      await bucket.empty(prefixOf(id));
    },
  };
  if (!isNear) return harness;
  return {
    ...harness,
    async crash(id) {
      for (const { wire } of opened.get(id) ?? []) {
        wire?.refuse();
        wire?.cut();
      }
    },
  };
}
