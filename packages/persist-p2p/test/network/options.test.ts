import { expect, test } from "vitest";
import { isPrivateAddress } from "../../src/network/addresses.ts";
import { newCode, readCode } from "../../src/network/membership/codes.ts";
import { type NetworkOptions, parseNetworkOptions } from "../../src/network/options.ts";
import { secret, startPeer } from "./networks.ts";

const topic = "my-app-sync";
const bootstrap = ["/dns4/example.com/tcp/4001/p2p/12D3KooWAfBVdmphtMFPVq3GEpcg3QMiRbrwD9mpd6D6fc4CswRw"];

function parse(options: object): unknown {
  return parseNetworkOptions({ folder: "here", discovery: { method: "mdns", topic }, ...options } as NetworkOptions);
}

test("the specification's example is enough", () => {
  expect(parse({})).toMatchObject({
    topic,
    listen: ["/ip4/0.0.0.0/tcp/0"],
    secret: undefined,
    open: false,
    interval: 10_000,
  });
  expect(parse({ discovery: { method: "static", topic } })).toMatchObject({ listen: ["/ip4/127.0.0.1/tcp/0"] });
  expect(parse({ discovery: { method: ["mdns", "dht"], topic, bootstrap } })).toMatchObject({ bootstrap });
});

test.each<[string, object]>([
  ["takes its options as an object", { discovery: undefined }],
  ['no option "sceret". Did you mean', { sceret: secret }],
  ['no option "metod"', { discovery: { metod: "mdns", topic } }],
  ["discovery.method must be", { discovery: { method: "magic", topic } }],
  ["discovery.method must be", { discovery: { method: [], topic } }],
  ["discovery.topic must be", { discovery: { method: "mdns", topic: "" } }],
  ["needs the addresses of bootstrap nodes", { discovery: { method: "dht", topic } }],
  ["must end with /p2p/", { discovery: { method: "dht", topic, bootstrap: ["/ip4/192.0.2.1/tcp/1"] } }],
  ["must hold multiaddrs", { discovery: { method: "static", topic, peers: ["192.0.2.1:4001"] } }],
  ["is no address of ip4", { listen: ["/ip4/300.0.0.1/tcp/0"] }],
  ["needs at least 16", { secret: "too short" }],
  ["Is the environment variable set?", { secret: 7 }],
  ["open contradicts", { open: true, secret }],
  ["open must be true", { open: false }],
  ["members must be", { members: { owner: "me" } }],
  ["networkKey must be 32 bytes", { networkKey: new Uint8Array(31) }],
  ["limits.peers must be", { limits: { peers: 0 } }],
  ["discovery.interval must be", { discovery: { method: "mdns", topic, interval: 10 } }],
  ["contradict each other", { networkKey: new Uint8Array(32), discovery: { method: "dht", topic, public: true } }],
])("says what is wrong: %s", (message, options) => {
  expect(() => parse(options)).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(message) }),
  );
});

test("a message never holds the secret", () => {
  for (const options of [{ secret: "0123456789abcde" }, { secret, open: true }]) {
    expect(() => parse(options)).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining(options.secret) }),
    );
  }
});

test("the DHT takes membership, or an explicit word", async () => {
  const refused = startPeer({ discovery: { method: "dht", topic, bootstrap } });
  await expect(refused).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringContaining("open: true"),
  });
});

test("private addresses are those of one's own house", () => {
  const own = [
    "/ip4/127.0.0.1/tcp/1",
    "/ip4/10.1.2.3/tcp/1",
    "/ip4/172.31.0.1/tcp/1",
    "/ip4/192.168.1.1/tcp/1/ws",
    "/ip4/169.254.1.1/tcp/1",
  ];
  const ownToo = [
    "/ip6/::1/tcp/1",
    "/ip6/fe80::1/tcp/1",
    "/ip6/fd00::1/tcp/1",
    "/ip6/::ffff:10.0.0.1/tcp/1",
    "/ip6zone/eth0/ip6/fe80::1/tcp/1",
  ];
  const others = [
    "/ip4/8.8.8.8/tcp/1",
    "/ip4/172.32.0.1/tcp/1",
    "/ip6/2001:db8::1/tcp/1",
    "/ip6/::ffff:8.8.8.8/tcp/1",
    "/dns4/localhost/tcp/1",
    "",
  ];
  const relayed = "/ip4/10.0.0.1/tcp/1/p2p/Qm/p2p-circuit";
  for (const address of [...own, ...ownToo]) expect(isPrivateAddress(address), address).toBe(true);
  for (const address of [...others, relayed]) expect(isPrivateAddress(address), address).toBe(false);
});

test("a code is read however it is typed", () => {
  const code = newCode();
  expect(readCode(` ${code.toLowerCase()}\n`)).toBe(code.replaceAll("-", ""));
  expect(readCode("oil0-oil0-oil0-oil0")).toBe("0110011001100110");
  for (const none of ["", "UUUU-UUUU-UUUU-UUUU", code.slice(1), `${code}0`, 7, undefined])
    expect(readCode(none)).toBeUndefined();
});
