export { type CertifyOptions, certify } from "./certify.ts";
export type { Budget, Harness } from "./harness.ts";
export { type ClauseResult, type Report, toMarkdown } from "./report.ts";
export { type TestRunner, testAdapter } from "./test-adapter.ts";
