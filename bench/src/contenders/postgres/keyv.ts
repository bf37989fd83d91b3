import { KeyvPostgres } from "@keyv/postgres";
import Keyv from "keyv";
import type { ContenderKind } from "../../contender.ts";

/** Has no listing by prefix: its iterator goes through everything. */
export const keyv: ContenderKind = {
  name: "keyv",
  settings: { full: "@keyv/postgres, a pool of 10 (its default)" },
  async open(url) {
    const keyv = new Keyv({ store: new KeyvPostgres({ uri: url }) });
    return {
      get: (key) => keyv.get(key),
      set: (key, value) => keyv.set(key, value),
      delete: (key) => keyv.delete(key),
      close: () => keyv.disconnect(),
    };
  },
};
