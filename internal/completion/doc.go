// Package completion completes command lines: Command is `metron completion`, whose
// scripts have a shell ask the program itself, and Next the answer, a pure function of the
// table of commands and the words so far.
package completion
