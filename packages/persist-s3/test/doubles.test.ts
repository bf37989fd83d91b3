import type { ProfileName } from "@cuitty/persist-testkit/s3-double";
import { describe } from "vitest";
import { openDouble } from "./buckets.ts";
import { essentials } from "./essentials.ts";

describe.each(["aws", "ceph16", "no-conditions"] satisfies ProfileName[])("on the double as %s", (profile) => {
  essentials(async () => (await openDouble({ profile })).bucket);
});

describe("on the double as aws, where races end with 409", () => {
  essentials(async () => (await openDouble({ lostRace: "409" })).bucket);
});
