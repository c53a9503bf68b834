module.exports = {
  async up(q, types) {
    await q.createTable('orders', { id: { type: types.INTEGER, primaryKey: true }, note: types.TEXT })
    await q.sequelize.query('INSERT INTO orders SELECT n, n FROM generate_series(1, 500) AS n')
  },
  async down(q) { await q.dropTable('orders') },
}
