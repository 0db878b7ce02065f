// Package ttytest gives tests a terminal that they can stop, as Ctrl-S does.
package ttytest
