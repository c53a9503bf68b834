exports.up = (knex) => knex.raw('ALTER TABLE orders ADD CONSTRAINT c4 CHECK (id > 0)')
exports.down = (knex) => knex.raw('ALTER TABLE orders DROP CONSTRAINT c4')
