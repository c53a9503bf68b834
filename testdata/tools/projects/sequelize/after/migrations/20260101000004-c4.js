module.exports = {
  async up(q) { await q.sequelize.query('ALTER TABLE orders ADD CONSTRAINT c4 CHECK (id > 0)') },
  async down(q) { await q.removeConstraint('orders', 'c4') },
}
