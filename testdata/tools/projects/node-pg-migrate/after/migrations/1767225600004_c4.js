exports.up = (pgm) => { pgm.addConstraint('orders', 'c4', { check: 'id > 0' }) }
exports.down = false
