/** What the run tells: its steps, what it has checked, and how much it has done how fast. */
import { bytes, count, formatTable, type Row, seconds } from "./table.ts";

export interface Report {
  step(title: string): void;
  say(text: string): void;
  /** Says it with a mark in front, and remembers where it does not hold. */
  check(text: string, holds: boolean): void;
  /** Runs the work, and keeps its time for the table. */
  measure<T>(label: string, work: () => Promise<T>, size: (result: T) => Size): Promise<T>;
  /** The table, and the last word. Answers whether everything held. */
  end(): boolean;
}

export interface Size {
  count: number;
  bytes?: number;
}

export function createReport(title: string): Report {
  console.log(title);
  const rows: Row[] = [];
  let steps = 0;
  let checks = 0;
  let failures = 0;

  return {
    step: (title) => console.log(`\n${++steps}. ${title}`),
    say: (text) => console.log(`   ${text}`),
    check(text, holds) {
      checks++;
      if (!holds) failures++;
      console.log(`   ${holds ? "✓" : "✗"} ${text}`);
    },
    async measure(label, work, size) {
      const began = performance.now();
      const result = await work();
      const took = performance.now() - began;
      const { count: number, bytes: volume } = size(result);
      const rate = count(number / (took / 1000));
      rows.push([label, count(number), volume === undefined ? "" : bytes(volume), seconds(took), rate]);
      return result;
    },
    end() {
      console.log(`\n${formatTable(["", "count", "bytes", "time", "per second"], rows)}`);
      console.log(`\n   ${checks - failures} of ${checks} checks hold`);
      return failures === 0;
    },
  };
}
