import { join } from "node:path";

export interface CephPlace {
  /** The folder of each daemon. */
  readonly folders: { readonly mon: string; readonly osd: string; readonly rgw: string };
  /** Of the gateway, where S3 is, and of the monitor. */
  readonly ports: { readonly gateway: number; readonly monitor: number };
  readonly id: string;
}

/** Room for objects; the file is sparse. */
const blockBytes = 16 * 1024 ** 3;

const talkative = ["mon", "paxos", "osd", "bluestore", "bluefs", "bdev", "rocksdb", "rgw"];

/** A whole cluster of one daemon of each kind on 127.0.0.1, that keeps its data once, and hurries. */
export function cephConfig({ folders, ports, id }: CephPlace): string {
  return configText({
    global: {
      fsid: id,
      "mon host": `v2:127.0.0.1:${ports.monitor}/0`,
      "public network": "127.0.0.0/8",
      "cluster network": "127.0.0.0/8",
      // The gateway does not start without.
      "auth cluster required": "cephx",
      "auth service required": "cephx",
      "auth client required": "cephx",
      "auth allow insecure global id reclaim": false,
      keyring: join(folders.mon, "keyring"),
      // Changes of the cluster are otherwise gathered for a second each.
      "paxos propose interval": 0.02,
      "paxos min wait": 0.01,
      "run dir": folders.mon,
      "admin socket": "",
      "log file": "",
      "mon cluster log file": "",
      "log to stderr": true,
      "err to stderr": true,
      // Errors are printed all the same.
      ...Object.fromEntries(talkative.map((part) => [`debug ${part}`, "0/1"])),
      "ms bind ipv6": false,
      "ms bind msgr1": false,
      "ms async op threads": 2,
      "osd pool default size": 1,
      "osd pool default min size": 1,
      "osd pool default pg num": 4,
      "osd pool default pgp num": 4,
      "osd pool default pg autoscale mode": "off",
      "osd crush chooseleaf type": 0,
      "mon allow pool size one": true,
      "mon max pg per osd": 1000,
      // Whether the disk is nearly full is not what is tested.
      "mon data avail warn": 1,
      "mon data avail crit": 0,
    },
    "mon.a": { "mon data": join(folders.mon, "data"), "mon addr": `127.0.0.1:${ports.monitor}` },
    "osd.0": {
      "osd data": join(folders.osd, "data"),
      "osd objectstore": "bluestore",
      "osd memory target": 939_524_096,
      "osd max write size": 128,
      "osd op num shards": 2,
      "osd op num threads per shard": 1,
      "bluestore block size": blockBytes,
      "bluestore block create": true,
      "bluestore block db create": false,
      "bluestore block wal create": false,
      "bluestore fsck on mount": false,
      "bluestore cache autotune": false,
      "bluestore cache size": 67_108_864,
      "osd check max object name len on startup": false,
    },
    "client.rgw.a": {
      // Without tcp_nodelay each GET takes 40 ms.
      "rgw frontends": `beast endpoint=127.0.0.1:${ports.gateway} tcp_nodelay=1`,
      "rgw data": folders.rgw,
      "rgw thread pool size": 64,
      "rgw enable usage log": false,
      "rgw enable ops log": false,
      "rgw enable quota threads": false,
      "rgw run sync thread": false,
      "rgw dynamic resharding": false,
      "rgw data log num shards": 2,
      "rgw gc max objs": 4,
      "rgw lc max objs": 2,
      "rgw usage max shards": 2,
      "rgw override bucket index max shards": 4,
      "rgw rados pool pg num min": 1,
      "rgw dns name": "localhost",
    },
  });
}

function configText(sections: Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>): string {
  return Object.entries(sections)
    .flatMap(([name, settings]) => [
      `[${name}]`,
      ...Object.entries(settings).map(([setting, value]) => `${setting} = ${value}`),
    ])
    .join("\n")
    .concat("\n");
}
