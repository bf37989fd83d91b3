// The snippets of the specification that need a server or peers type-check, and what is mistyped does not.
import { createStore } from "@cuitty/persist";
import { test } from "vitest";

test("the options of every adapter", async () => {
  await createStore({
    name: "my-app",
    adapter: "postgres",
    connection: {
      host: "localhost",
      port: 5432,
      database: "persist",
      user: "persist",
      password: process.env.PG_PASSWORD,
    },
    pool: { max: 20 },
  });
  await createStore({
    name: "my-app",
    adapter: "s3",
    bucket: "my-persist-bucket",
    region: "us-east-1",
    credentials: {
      accessKeyId: process.env.AWS_ACCESS_KEY_ID!,
      secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY!,
    },
  });
  await createStore({
    name: "my-app",
    adapter: "p2p",
    discovery: {
      method: "mdns", // or "dht" for wide-area
      topic: "my-app-sync",
    },
  });

  await createStore({
    name: "my-app",
    adapter: "p2p",
    path: "./data/my-app.db",
    discovery: {
      method: ["mdns", "dht"],
      topic: "my-app-sync",
      bootstrap: ["/dns4/node.example.org/tcp/4001/p2p/12D3"],
    },
    secret: "a secret that all peers have",
  });

  // @ts-expect-error no such adapter
  await createStore({ name: "my-app", adapter: "sqlitte" });
  // @ts-expect-error an option of another adapter
  await createStore({ name: "my-app", adapter: "sqlite", bucket: "b" });
  // @ts-expect-error bucket is missing
  await createStore({ name: "my-app", adapter: "s3", region: "eu-west-1" });
  // @ts-expect-error no such way to find peers
  await createStore({ name: "my-app", adapter: "p2p", discovery: { method: "dns", topic: "my-app-sync" } });
  // @ts-expect-error the topic is missing
  await createStore({ name: "my-app", adapter: "p2p", discovery: { method: "mdns" } });
  // @ts-expect-error the name is missing
  await createStore({ adapter: "sqlite" });

  const store = await createStore({ name: "my-app" });
  // @ts-expect-error what to clear must be said
  await store.kv.clear();
  // @ts-expect-error no such condition
  await store.kv.set("a", 1, { ifmatch: "v" });
});
