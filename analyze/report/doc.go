// Package report makes the page that shows an analysis: one HTML file that asks nothing of
// any network. A Document goes in, bytes come out; the package knows no files of traces.
//
// The page is a shell (assets/page.html, style.css), a Document as JSON inside it, and
// small JavaScript files of one concern each, joined by Write without a bundler. A new
// part of the page is
//
//  1. a field of Document or Run with what it shows, and
//  2. a file in assets/modules that calls metron.module({id, title, wants, render}), and its
//     line in the table of scripts (scripts.go), whose order is that of the page.
//
// wants(doc) says whether there is something to show. render(root, page) fills root, an empty
// element, once; page.doc is the Document, page.run the store of the run that is looked at,
// page.question that of the deadlines asked about, page.window that of the brushed window,
// page.exact that of what a server answered about it.
// A store has get, set and watch (store.js). Text gets into the page through metron.h
// alone (dom.js), which makes text of it whatever it holds; metron.format prints numbers as
// internal/term does; metron.chart draws with uPlot in the colours of the theme.
//
// Start with Document, and with Write.
package report
