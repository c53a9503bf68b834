// Package document writes figures, tables and prose for terminals and for
// Markdown: numbers and sizes read the same in every answer.
package document
