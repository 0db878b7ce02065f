// Package forms spells one request the way each API does.
//
// A recorded body is taken apart into a Conversation by Parse, which no API's
// names are in, and Build puts a Conversation together in any Form: one file a
// form, one line in the table of form.go. What the other side has no place for is
// named, field by field, and never dropped in silence. Where a request goes, which for
// some APIs says the model and whether to stream, is in path.go.
//
// Texts of one message that follow each other become one, a line break between
// them, as servers join them for their templates. A message of several results of
// tools becomes one for each. Reasoning of earlier answers is left out, and named:
// no API takes another's.
package forms
