module.exports = class C4x1767225600004 {
  async up(runner) { await runner.query('ALTER TABLE orders ADD CONSTRAINT c4 CHECK (id > 0)') }
  async down() {}
}
