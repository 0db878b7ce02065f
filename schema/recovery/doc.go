// Package recovery is `metron recover`: it completes the files of writers that
// were killed. What recovering means stands in schema.Recover.
package recovery
