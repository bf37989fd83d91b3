export type { Credentials } from "./authentication.ts";
export { type Fault, type FaultRule, type Faults, type InjectedFault, slowDown } from "./faults.ts";
export type { Operation } from "./operation.ts";
export type { ProfileName } from "./profile.ts";
export type { RequestDescription } from "./request.ts";
export type { RequestLog } from "./request-log.ts";
export { type S3Double, type S3DoubleOptions, startS3Double } from "./s3-double.ts";
