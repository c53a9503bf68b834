import fs from "node:fs";
import pg from "pg";

const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
await client.connect();
await client.query("CREATE TABLE IF NOT EXISTS pgmigrations (id serial PRIMARY KEY, name varchar(255) NOT NULL, run_on timestamp NOT NULL)");
for (const name of fs.readdirSync("migrations").sort()) {
  const { rowCount } = await client.query("SELECT FROM pgmigrations WHERE name = $1", [name]);
  if (rowCount > 0) continue;
  await client.query("BEGIN");
  await client.query(fs.readFileSync(`migrations/${name}`, "utf8"));
  await client.query("INSERT INTO pgmigrations (name, run_on) VALUES ($1, now())", [name]);
  await client.query("COMMIT");
  console.log(`applied ${name}`);
}
await client.end();
