exports.up = (pgm) => {
  pgm.noTransaction()
  pgm.createIndex('orders', 'c2', { name: 'orders_c3', concurrently: true })
}
exports.down = false
