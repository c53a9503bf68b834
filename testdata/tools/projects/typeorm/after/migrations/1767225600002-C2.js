module.exports = class C2x1767225600002 {
  async up(runner) {
    await runner.query('ALTER TABLE orders ADD COLUMN c2 timestamptz DEFAULT clock_timestamp()')
    await runner.query('UPDATE orders SET c2 = now() WHERE note <> $1', ['c2'])
  }
  async down() {}
}
