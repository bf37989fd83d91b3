import { connect, openAt } from "./feed-reader.ts";

/** As a dump and its restoration: all that the schema holds, and nothing of the cluster. */
export async function copySchema(from: string, to: string, schema: string): Promise<void> {
  const [source, target] = [connect(from), connect(to)];
  const made = await openAt({ url: to, schema });
  await made.close();
  const tables = await source<
    { name: string }[]
  >`select relname as name from pg_class where relnamespace = ${schema}::regnamespace and relkind = 'r'`;
  await target.unsafe(`truncate ${tables.map(({ name }) => `${schema}.${name}`).join(", ")}`);
  for (const { name } of tables) {
    const [row] = await source.unsafe(`select json_agg(t)::text as rows from ${schema}.${name} t`);
    await target.unsafe(
      `insert into ${schema}.${name} overriding system value select * from json_populate_recordset(null::${schema}.${name}, $1::text::json)`,
      [row?.rows ?? "[]"],
    );
  }
  const [{ n }] = (await source.unsafe(`select last_value::text as n from ${schema}.change_number`)) as unknown as [
    { n: string },
  ];
  await target.unsafe(`select setval('${schema}.change_number', ${n})`);
}
