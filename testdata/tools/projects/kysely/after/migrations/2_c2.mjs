import { sql } from 'kysely'

export async function up(db) {
  await db.schema.alterTable('orders').addColumn('c2', 'timestamptz', (c) => c.defaultTo(sql`clock_timestamp()`)).execute()
  await sql`UPDATE orders SET c2 = now() WHERE note <> ${'c2'}`.execute(db)
}
