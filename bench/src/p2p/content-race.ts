/** A content from one peer to the other, by the same bytes over a bare stream of libp2p. */
import { strictEqual } from "node:assert";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { type Figure, figureOf, median, ratios } from "../figure.ts";
import type { SuiteOptions } from "../suite.ts";
import type { ContenderName } from "./contenders.ts";
import { contentOf } from "./content.ts";
import { startPair } from "./pair.ts";

const megabyte = 2 ** 20;
const bytes = 64 * megabyte;
const names = ["persist", "libp2p"] as const satisfies readonly ContenderName[];

/** In turn, round after round, each time in new processes. */
export async function contentFigures(
  rounds: number,
  { folder, progress }: Pick<SuiteOptions, "folder" | "progress">,
): Promise<Figure[]> {
  const times = { persist: [] as number[], libp2p: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      progress(`a content of ${bytes / megabyte} MB, round ${round + 1} of ${rounds}: ${name}`);
      times[name].push(await transfer(name, join(folder, `content-${round}-${name}`)));
    }
  }
  const rate = (name: (typeof names)[number]) =>
    `${(((bytes / megabyte) * 1000) / median(times[name])).toFixed(0)} MB/s`;
  return [
    figureOf(ratios(times.libp2p, times.persist), {
      what: `a content of ${bytes / megabyte} MB`,
      against: "bare libp2p",
      unit: "×",
      bar: { atLeast: 0.9 },
      orientation: { persist: rate("persist"), other: rate("libp2p") },
    }),
  ];
}

async function transfer(name: ContenderName, folder: string): Promise<number> {
  await using pair = await startPair(name, folder);
  const { writer, reader, gate } = pair;
  await writer.offerContent(bytes);
  const connected = reader.connect({ ...(await writer.address()), port: gate.port });
  await gate.waited();
  const arrived = reader.contentArrived(bytes);
  const started = performance.now();
  gate.open();
  await arrived;
  const milliseconds = performance.now() - started;
  await connected;
  strictEqual(await reader.contentDigest(), createHash("sha256").update(contentOf(bytes)).digest("hex"));
  return milliseconds;
}
