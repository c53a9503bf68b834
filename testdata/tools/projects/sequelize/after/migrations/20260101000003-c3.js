module.exports = {
  async up(q) { await q.addIndex('orders', ['c2'], { name: 'orders_c3', concurrently: true }) },
  async down(q) { await q.removeIndex('orders', 'orders_c3') },
}
