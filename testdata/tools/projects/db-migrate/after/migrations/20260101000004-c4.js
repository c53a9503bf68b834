exports.up = (db) => db.runSql('ALTER TABLE orders ADD CONSTRAINT c4 CHECK (id > 0)')
exports.down = () => null
