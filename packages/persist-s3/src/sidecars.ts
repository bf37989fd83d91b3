/** What could not be said in the headers of a blob: small objects that are written before it and never changed. */
import type { Sidecar } from "./blob-headers.ts";
import type { BlobPlaces } from "./blob-places.ts";
import type { Bucket, Patience } from "./bucket.ts";

export interface Sidecars {
  put(token: string, sidecar: Sidecar, o: Patience): Promise<void>;
  /** `undefined` where there is none, or it is about another object: somebody has copied the headers. */
  read(token: string, place: string, o: Patience): Promise<Sidecar | undefined>;
  remove(token: string, o: Patience): Promise<void>;
}

/** That are kept in memory. */
const most = 1000;

export function createSidecars(bucket: Bucket, places: BlobPlaces): Sidecars {
  const known = new Map<string, Sidecar>();
  const keep = (token: string, sidecar: Sidecar) => {
    known.set(token, sidecar);
    const [oldest] = known.keys();
    if (known.size > most && oldest !== undefined) known.delete(oldest);
  };

  return {
    async put(token, sidecar, o) {
      const body = JSON.stringify(sidecar);
      // One that is there already is the same: nobody else has the token.
      await bucket.put(places.sidecar(token), body, { ...o, contentType: "application/json", ifEtag: null });
      keep(token, sidecar);
    },
    async read(token, place, o) {
      let sidecar = known.get(token);
      if (sidecar === undefined) {
        const object = await bucket.readText(places.sidecar(token), o);
        if (object === undefined) return undefined;
        sidecar = JSON.parse(object.text) as Sidecar;
        keep(token, sidecar);
      }
      return sidecar.place === place ? sidecar : undefined;
    },
    async remove(token, o) {
      known.delete(token);
      await bucket.remove(places.sidecar(token), o);
    },
  };
}
