exports.up = async (knex) => {
  await knex.schema.alterTable('orders', (t) => { t.timestamp('c2').defaultTo(knex.raw('clock_timestamp()')) })
  await knex('orders').whereNot('note', 'c2').update({ c2: knex.fn.now() })
}
exports.down = (knex) => knex.schema.alterTable('orders', (t) => t.dropColumn('c2'))
