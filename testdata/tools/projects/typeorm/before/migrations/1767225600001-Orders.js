module.exports = class Orders1767225600001 {
  async up(runner) {
    await runner.query('CREATE TABLE orders (id int PRIMARY KEY, note text)')
    await runner.query('INSERT INTO orders SELECT n, n FROM generate_series(1, 500) AS n')
  }
  async down() {}
}
