exports.up = (db) => db.runSql('CREATE INDEX orders_c3 ON orders (c2)')
exports.down = () => null
