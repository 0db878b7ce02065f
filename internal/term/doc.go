// Package term is how metron speaks to the person at the terminal: usage
// errors and hints with their exit statuses, the order of flags and file
// names, the progress line, lines that wait for no reader, numbers with units, aligned tables.
//
// Every subcommand returns plain errors; Usagef and WithHint mark them, and
// main alone prints them and turns them into an exit status with ExitCode.
package term
