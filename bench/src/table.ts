import type { Bar, Figure } from "./figure.ts";

/** The figures as text in columns. */
export function toTable(figures: readonly Figure[]): string {
  const extras = [...new Set(figures.flatMap(({ orientation }) => Object.keys(orientation)))];
  const head = ["what", "against", "bar", "median", "min", "max", "", ...extras];
  const rows = figures.map((figure) => [
    figure.what,
    figure.against,
    showBar(figure.bar),
    show(figure.median, figure.unit),
    show(figure.min, figure.unit),
    show(figure.max, figure.unit),
    figure.bar === undefined ? "" : figure.met ? "met" : "MISSED",
    ...extras.map((name) => figure.orientation[name] ?? ""),
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)));
  const numeric = (column: number) => column >= 2 && column !== 6;
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (numeric(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd();
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

function showBar(bar: Bar | undefined): string {
  if (bar === undefined) return "";
  return "atLeast" in bar ? `≥ ${bar.atLeast}` : `≤ ${bar.atMost}`;
}

function show(value: number, unit: Figure["unit"]): string {
  if (unit === "×") return value.toFixed(value < 10 ? 2 : 1);
  return `${unit === "MB" ? value.toFixed(0) : Number(value.toFixed(2))} ${unit}`;
}
