/** Who belongs here, and how that is proved. What `pair` brings is kept in the folder, beside what the owner has said. */
import type { KeyObject } from "node:crypto";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { PersistError } from "@cuitty/persist-core";
import type { ParsedOptions } from "../options.ts";
import { readPrivate, writePrivate } from "../private-files.ts";
import { type HandshakeTerms, Refusal } from "./handshake.ts";
import { stretch, subkey } from "./keys.ts";
import { createRoster, type Roster } from "./roster.ts";
import { type Group, generateOwnerKey, readOwnerKey, readStatement, signStatement } from "./statements.ts";

/**
 * `"private"`: everybody with the topic at a loopback or private address. `"open"`: everybody with the topic. `"secret"`: who has the secret. `"members"`: who has the owner's
 * certificate.
 */
export type MembershipKind = "private" | "open" | "secret" | "members";

export interface Membership {
  readonly kind: MembershipKind;
  /** What peers meet at: never the topic itself. 32 bytes. */
  readonly meeting: Uint8Array;
  /** What a link's handshake has to show. */
  terms(peer: string): Pick<HandshakeTerms, "purpose" | "key" | "attach" | "accept">;
  /** The owner's public key, where membership is by certificates. */
  readonly owner: string | undefined;
  /** Whether this store has what it takes to be let in. Only without a certificate it has not. */
  isMember(): boolean;
  members(): readonly string[] | undefined;
  isRevoked(peer: string): boolean;
  /** What peers tell each other of the owner's statements. */
  statements(): readonly string[];
  /** Takes those that are the owner's and new, tells of them, and then keeps them. `from`: who has said it. */
  learn(statements: readonly unknown[], from?: string): Promise<void>;
  /** One listener. Called before anything that comes after the statements is looked at: who passes on what somebody has signed has passed on who that is. */
  onNews(listener: (fresh: readonly string[], from: string | undefined) => void): void;
  /** Where membership is by certificates. */
  readonly closed: Closed | undefined;
  /** @throws {PersistError} UNSUPPORTED where this store is not the owner. */
  revoke(peer: string): Promise<void>;
  /** What makes a newcomer a member. Its statements count once they are learnt. @throws {PersistError} UNSUPPORTED */
  admit(peer: string): Admission;
}

export interface Closed {
  readonly group: Group;
  /** Peer ids of all whom the owner has ever named. Another array when there are more. */
  everMembers(): readonly string[];
}

/** What a newcomer gets, and what is kept of it. */
export interface Admission {
  /** In base64. */
  readonly secret?: string;
  readonly owner?: string;
  readonly statements?: readonly string[];
}

/** How long a certificate is good: ten years. What ends earlier is revoked. */
const certificateLife = 10 * 365 * 86_400_000;

const files = (folder: string) => ({
  admission: join(folder, "admission.json"),
  roster: join(folder, "roster.json"),
  ownerKey: join(folder, "owner.key"),
});

export async function loadMembership(options: ParsedOptions, self: string): Promise<Membership> {
  const { folder, topic, open } = options;
  const kept = open ? {} : await readAdmission(folder);
  const secret = options.secret ?? (kept.secret === undefined ? undefined : Buffer.from(kept.secret, "base64"));
  const closed = await openGroup(options, kept);
  const base = secret
    ? await stretch(secret, topic)
    : createHash("sha256")
        .update(`cuitty-persist topic\0${JSON.stringify([topic, closed?.group.owner ?? null])}`)
        .digest();
  const key = subkey(base, "proof");
  const roster = closed === undefined ? undefined : createRoster(closed.group);

  if (closed !== undefined && roster !== undefined) {
    roster.add(await readRoster(folder));
    roster.add([...(kept.statements ?? []), options.members?.certificate]);
    if (closed.ownerKey !== undefined && roster.certificateOf(self, Date.now()) === undefined) {
      roster.add([signStatement(memberUntil(self, "owner"), closed.group, closed.ownerKey)]);
      await keep(roster);
    }
  }

  function keep({ all }: Roster): Promise<void> {
    return writePrivate(files(folder).roster, JSON.stringify(all()));
  }

  function ownStatement(): { readonly roster: Roster; readonly group: Group; readonly ownerKey: KeyObject } {
    if (roster !== undefined && closed?.ownerKey !== undefined) {
      return { roster, group: closed.group, ownerKey: closed.ownerKey };
    }
    throw new PersistError(
      "UNSUPPORTED",
      'Only the owner of the group can say who is a member: the store with members: "owner".',
      {
        adapter: "p2p",
      },
    );
  }

  let tell: (fresh: readonly string[], from: string | undefined) => void = () => undefined;

  async function learn(statements: readonly unknown[], from?: string): Promise<void> {
    const fresh = roster?.add(statements) ?? [];
    if (roster === undefined || fresh.length === 0) return;
    tell(fresh, from);
    await keep(roster);
  }

  function acceptCertificate(peer: string, attachment: Uint8Array): void {
    if (closed === undefined || roster === undefined) return;
    if (roster.isRevoked(peer)) throw new Refusal("the owner has revoked its membership");
    const text = Buffer.from(attachment).toString();
    const said = readStatement(text, closed.group);
    if (said?.kind !== "member" || said.peer !== peer) throw new Refusal("it has no certificate of the owner");
    if (said.time <= Date.now()) throw new Refusal("its certificate has expired");
    void learn([text], peer).catch(() => undefined);
  }

  return {
    kind: closed !== undefined ? "members" : secret !== undefined ? "secret" : open ? "open" : "private",
    meeting: subkey(base, "meeting"),
    terms: (peer) => ({
      purpose: "link",
      key,
      attach: () => Buffer.from(roster?.certificateOf(self, Date.now()) ?? ""),
      accept: (attachment) => acceptCertificate(peer, attachment),
    }),
    owner: closed?.group.owner,
    closed:
      closed === undefined || roster === undefined
        ? undefined
        : { group: closed.group, everMembers: roster.everMembers },
    onNews(listener) {
      tell = listener;
    },
    isMember: () => roster === undefined || roster.certificateOf(self, Date.now()) !== undefined,
    members: () => roster?.members(Date.now()),
    isRevoked: (peer) => roster?.isRevoked(peer) ?? false,
    statements: () => roster?.all() ?? [],
    learn,
    async revoke(peer) {
      const { group, ownerKey } = ownStatement();
      const said = signStatement({ kind: "revoked", peer, role: "member", time: Date.now() }, group, ownerKey);
      await learn([said]);
    },
    admit(peer) {
      if (closed === undefined && secret === undefined) {
        throw new PersistError(
          "UNSUPPORTED",
          "There is nothing to invite to: this store has neither secret nor members. Pass one of them.",
          {
            adapter: "p2p",
          },
        );
      }
      const shared = secret === undefined ? {} : { secret: Buffer.from(secret).toString("base64") };
      if (closed === undefined) return shared;
      const { group, ownerKey } = ownStatement();
      return {
        ...shared,
        owner: group.owner,
        statements: [signStatement(memberUntil(peer, "member"), group, ownerKey)],
      };
    },
  };
}

function memberUntil(peer: string, role: "owner" | "member"): Parameters<typeof signStatement>[0] {
  return { kind: "member", peer, role, time: Date.now() + certificateLife };
}

async function openGroup(
  { folder, topic, members }: ParsedOptions,
  kept: Admission,
): Promise<{ readonly group: Group; readonly ownerKey: KeyObject | undefined } | undefined> {
  if (members === undefined) {
    return kept.owner === undefined ? undefined : { group: { owner: kept.owner, topic }, ownerKey: undefined };
  }
  if (members.owner !== undefined) return { group: { owner: members.owner, topic }, ownerKey: undefined };
  const path = files(folder).ownerKey;
  let pem = (await readPrivate(path))?.toString();
  if (pem === undefined) {
    pem = generateOwnerKey();
    await writePrivate(path, pem);
  }
  const { key, owner } = readOwnerKey(pem);
  return { group: { owner, topic }, ownerKey: key };
}

async function readAdmission(folder: string): Promise<Admission> {
  return (await readJson(files(folder).admission)) as Admission;
}

/** What is then there at the next start, whatever the options leave out. */
export function keepAdmission(folder: string, admission: Admission): Promise<void> {
  return writePrivate(files(folder).admission, JSON.stringify(admission));
}

async function readRoster(folder: string): Promise<readonly unknown[]> {
  const found = await readJson(files(folder).roster);
  return Array.isArray(found) ? found : [];
}

async function readJson(path: string): Promise<unknown> {
  const bytes = await readPrivate(path);
  if (bytes === undefined) return {};
  try {
    return JSON.parse(bytes.toString());
  } catch (cause) {
    throw new PersistError(
      "CORRUPT",
      `Could not read ${path}: it is no JSON. Restore it, or remove it and pair again.`,
      {
        adapter: "p2p",
        cause,
      },
    );
  }
}
