module.exports = class C3x1767225600003 {
  transaction = false
  async up(runner) { await runner.query('CREATE INDEX CONCURRENTLY orders_c3 ON orders (c2)') }
  async down() {}
}
