export async function up(db) { await db.schema.createIndex('orders_c3').on('orders').column('c2').execute() }
