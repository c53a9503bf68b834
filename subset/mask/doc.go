// Package mask rewrites the values of columns that hold personal data, and
// says which columns look as if they did.
//
//	rules ── Resolve ──▶ Plan ── Writer ──▶ COPY text, masked, in order
//	          ▲            │
//	catalog.Details        └──▶ what is masked how, for reports
//
// A masked value depends on the key, the transformer and the value alone, so
// that equal values stay equal wherever they are found, and nobody without
// the key can tell which value became which. Where columns must stay unique
// the transformer is a permutation of the values of its kind, or its values
// hold 80 bits of a keyed hash.
package mask
