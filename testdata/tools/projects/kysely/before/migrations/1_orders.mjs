import { sql } from 'kysely'

export async function up(db) {
  await db.schema.createTable('orders').addColumn('id', 'integer', (c) => c.primaryKey()).addColumn('note', 'text').execute()
  await sql`INSERT INTO orders SELECT n, n FROM generate_series(1, 500) AS n`.execute(db)
}
