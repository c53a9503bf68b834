exports.up = (db) => db.runSql('ALTER TABLE orders ADD COLUMN c2 timestamptz DEFAULT clock_timestamp()')
  .then(() => db.runSql('UPDATE orders SET c2 = now() WHERE note <> ?', ['c2']))
exports.down = () => null
