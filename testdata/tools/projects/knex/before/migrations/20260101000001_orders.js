exports.up = async (knex) => {
  await knex.schema.createTable('orders', (t) => { t.integer('id').primary(); t.text('note') })
  await knex.raw('INSERT INTO orders SELECT n, n FROM generate_series(1, 500) AS n')
}
exports.down = (knex) => knex.schema.dropTable('orders')
