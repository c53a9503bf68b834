exports.up = (db) => db.runSql('CREATE TABLE orders (id int PRIMARY KEY, note text)')
  .then(() => db.runSql('INSERT INTO orders SELECT n, n FROM generate_series(1, 500) AS n'))
exports.down = () => null
