/** What servers make of the same requests. */
export type ProfileName = "aws" | "ceph16" | "no-conditions";

export interface Profile {
  /** Whether PUT heeds `If-None-Match` and `If-Match`. */
  readonly putConditions: boolean;
  /** Whether DELETE, copies to their target, and the completion of an upload heed conditions. */
  readonly otherConditions: boolean;
  /** Whether copies heed what is asked of their source. */
  readonly sourceConditions: boolean;
  /** Whether the quotes around an ETag are part of what `If-Match` of a PUT compares, so that it never matches. */
  readonly comparesQuotes: boolean;
  /** Whether `If-None-Match` of a PUT takes an ETag; otherwise `NotImplemented`, as only `*` is taken. */
  readonly takesEtagInIfNoneMatch: boolean;
  /** Of `If-Match` where there is no such object. */
  readonly missingStatus: 404 | 412;
  /** What a conditional PUT hears that lost against one which was done while it was under way. */
  readonly lostRace: "412" | "409" | "500";
  /** Whether the additional checksums are compared, stored and answered. */
  readonly checksums: boolean;
  /** Whether bodies may have trailers; otherwise `411`. */
  readonly trailers: boolean;
  /** Whether the completion of an upload answers the ETag. */
  readonly answersEtagOfUpload: boolean;
  /** Whether the copy of an object that was uploaded in parts has its ETag; otherwise it has one of its own. */
  readonly keepsEtagOfCopy: boolean;
  /** Of the names and values of a user's metadata, in bytes. */
  readonly mostMetadata: number;
  /** Whether a range the wrong way round is passed over, as the standard says; otherwise `416`. */
  readonly passesOverReversedRanges: boolean;
  /** The code of a key that is too long. */
  readonly longKeyCode: string;
  /** The codes of a preflight that no rule allows, and of one that does not say enough. */
  readonly preflightCodes: { readonly refused: string; readonly incomplete: string };
  /** Whether numbers of parts are from 1 to 10 000, and named in their order. */
  readonly checksPartNumbers: boolean;
  /** Whether the completion of an upload that is not there is `NoSuchUpload`; otherwise it is an error of the server. */
  readonly missesUpload: boolean;
  /** Whether all headers of S3 have to be signed. */
  readonly wantsHeadersSigned: boolean;
  /** Whether requests have to be signed for its own region. */
  readonly checksRegion: boolean;
}

const aws: Profile = {
  putConditions: true,
  otherConditions: true,
  sourceConditions: true,
  comparesQuotes: false,
  takesEtagInIfNoneMatch: false,
  missingStatus: 404,
  lostRace: "412",
  checksums: true,
  trailers: true,
  answersEtagOfUpload: true,
  keepsEtagOfCopy: false,
  mostMetadata: 2048,
  passesOverReversedRanges: true,
  longKeyCode: "KeyTooLongError",
  preflightCodes: { refused: "AccessForbidden", incomplete: "BadRequest" },
  checksPartNumbers: true,
  missesUpload: true,
  wantsHeadersSigned: true,
  checksRegion: true,
};

export const profiles: Readonly<Record<ProfileName, Profile>> = {
  /** What AWS documents. */
  aws,
  /** What Ceph 16.2.15 was measured to do. */
  ceph16: {
    ...aws,
    otherConditions: false,
    sourceConditions: false,
    comparesQuotes: true,
    takesEtagInIfNoneMatch: true,
    missingStatus: 412,
    lostRace: "500",
    checksums: false,
    trailers: false,
    answersEtagOfUpload: false,
    mostMetadata: 65_536,
    passesOverReversedRanges: false,
    longKeyCode: "InvalidObjectName",
    preflightCodes: { refused: "AccessDenied", incomplete: "InvalidArgument" },
    checksPartNumbers: false,
    missesUpload: false,
    wantsHeadersSigned: false,
    checksRegion: false,
  },
  /** A server that reads no condition of a write, as many small ones: everything succeeds. */
  "no-conditions": { ...aws, putConditions: false, otherConditions: false, sourceConditions: false },
};
