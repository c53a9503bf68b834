import { sql } from 'kysely'

export async function up(db) { await db.schema.alterTable('orders').addCheckConstraint('c4', sql`id > 0`).execute() }
