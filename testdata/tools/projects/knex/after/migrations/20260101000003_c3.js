exports.up = (knex) => knex.raw('CREATE INDEX CONCURRENTLY orders_c3 ON orders (c2)')
exports.down = (knex) => knex.raw('DROP INDEX CONCURRENTLY orders_c3')
exports.config = { transaction: false }
