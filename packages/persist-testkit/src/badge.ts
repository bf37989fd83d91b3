import { conformityOf, type Report } from "./report.ts";

const colours = { conforms: "#2da44e", partial: "#6e7781", gaps: "#bf8700", fails: "#cf222e" };
const label = "persist contract";

/** The report as a badge for a README: an SVG image that needs nothing else. */
export function toBadge(report: Report): string {
  const conformity = conformityOf(report);
  const text = {
    conforms: `${report.passed} passed`,
    partial: `${report.passed} passed of a part`,
    gaps: `${report.gaps} known gap${report.gaps === 1 ? "" : "s"}`,
    fails: `${report.failed} failed`,
  }[conformity];
  const left = widthOf(label);
  const right = widthOf(text);
  const part = (x: number, width: number, words: string) =>
    `<text x="${x + width / 2}" y="14" textLength="${width - 12}">${words}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${left + right}" height="20" role="img" aria-label="${label}: ${text}">`,
    `<title>${label}: ${text}</title>`,
    `<clipPath id="r"><rect width="${left + right}" height="20" rx="3"/></clipPath>`,
    `<g clip-path="url(#r)"><rect width="${left}" height="20" fill="#444"/><rect x="${left}" width="${right}" height="20" fill="${colours[conformity]}"/></g>`,
    '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">',
    part(0, left, label),
    part(left, right, text),
    "</g></svg>",
    "",
  ].join("\n");
}

/** Of a text at this size, with its margins; it is then set in exactly this width. */
function widthOf(text: string): number {
  return Math.round(text.length * 6.4) + 12;
}
