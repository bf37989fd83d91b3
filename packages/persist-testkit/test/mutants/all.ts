// All adapters that are wrong on purpose.
import { commits } from "./commits.ts";
import { conditions } from "./conditions.ts";
import { contents } from "./contents.ts";
import { expiry } from "./expiry.ts";
import { feed } from "./feed.ts";
import { fourMethods } from "./four-methods.ts";
import { keys } from "./keys.ts";
import { listings } from "./listings.ts";
import type { Mutant } from "./mutant.ts";
import { peers } from "./peers.ts";
import { places } from "./places.ts";
import { sqliteDrivers } from "./sqlite.ts";
import { streams } from "./streams.ts";
import { uniqueness } from "./uniqueness.ts";
import { values } from "./values.ts";

export const mutants: readonly Mutant[] = [
  ...keys,
  ...values,
  ...expiry,
  ...conditions,
  ...commits,
  ...uniqueness,
  ...listings,
  ...streams,
  ...contents,
  ...feed,
  ...places,
  ...peers,
  ...fourMethods,
  ...sqliteDrivers,
];
