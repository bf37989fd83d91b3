export { toBadge } from "./badge.ts";
export { type CertifyOptions, certify } from "./certify.ts";
export type { Budget, Harness } from "./harness.ts";
export { toMarkdown } from "./markdown.ts";
export type { ClauseResult, Counts, Report } from "./report.ts";
export { type TestRunner, testAdapter } from "./test-adapter.ts";
