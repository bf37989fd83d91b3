/** A table for people: the first column to the left, numbers to the right. */
export type Row = readonly [label: string, ...cells: string[]];

export function formatTable(head: Row, rows: readonly Row[]): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const format = (line: Row) =>
    line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  ");
  const rule = widths.map((width) => "─".repeat(width)).join("──");
  return [format(head), rule, ...rows.map(format)].map((line) => `   ${line}`).join("\n");
}

export function count(number: number): string {
  return Math.round(number).toLocaleString("en");
}

export function bytes(number: number): string {
  return `${(number / 1e6).toFixed(1)} MB`;
}

export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}
