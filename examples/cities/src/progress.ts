/** How far something has got: a bar that grows on a terminal, a line every so often elsewhere. */
export interface Progress {
  show(done: number): void;
  /** Leaves the last state on a line of its own. */
  end(): void;
}

const width = 30;
/** Between two lines, in milliseconds. */
const lineInterval = 2000;
/** Between two pictures of the bar, in milliseconds. */
const barInterval = 50;

export function createProgress(total: number, unit: string, out: NodeJS.WriteStream = process.stdout): Progress {
  let last = 0;
  let shownAt = performance.now();

  const print = () => {
    shownAt = performance.now();
    const filled = Math.round((last / Math.max(1, total)) * width);
    const bar = "█".repeat(filled) + "░".repeat(width - filled);
    const text = `   ${bar} ${last.toLocaleString("en")} of ${total.toLocaleString("en")} ${unit}`;
    out.write(out.isTTY ? `\r${text}` : `${text}\n`);
  };

  return {
    show(done) {
      last = done;
      if (performance.now() - shownAt >= (out.isTTY ? barInterval : lineInterval)) print();
    },
    end() {
      print();
      if (out.isTTY) out.write("\n");
    },
  };
}
