module.exports = {
  up: (q) => q.sequelize.transaction(async (transaction) => {
    await q.sequelize.query('ALTER TABLE orders ADD COLUMN c2 timestamptz DEFAULT clock_timestamp()', { transaction })
    await q.sequelize.query("UPDATE orders SET c2 = now() WHERE note <> 'c2'", { transaction })
  }),
  async down(q) { await q.removeColumn('orders', 'c2') },
}
