package report

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed assets
var assets embed.FS

// scripts lists the page's JavaScript in the order in which it runs, which is that of
// the parts on the page. A new part is a line here.
func scripts() []string {
	return []string{
		"uplot/uPlot.iife.min.js",
		"base/metron.js",
		"base/format.js",
		"base/dom.js",
		"base/store.js",
		"base/chart.js",
		"base/markdown.js",
		"base/grid.js",
		"base/windows.js",
		"base/axes.js",
		"base/brush.js",
		"base/live.js",
		"modules/summary.js",
		"modules/ask.js",
		"modules/compare.js",
		"modules/window.js",
		"modules/time.js",
		"modules/request.js",
		"modules/tail.js",
		"modules/groups.js",
		"modules/sections.js",
		"modules/workload.js",
		"modules/validity.js",
		"modules/definitions.js",
		"modules/settings.js",
		"base/start.js",
	}
}

// script joins the files, each in a block of its own: a name of one is no name of another.
// The licence of uPlot, which its first line names, stands beside it.
func script() string {
	var b strings.Builder
	b.WriteString("\"use strict\";\n")
	for _, name := range scripts() {
		if strings.HasPrefix(name, "uplot/") { // which is one variable for all
			fmt.Fprintf(&b, "/*\n%s*/\n%s\n", asset("uplot/LICENSE"), asset(name))
			continue
		}
		fmt.Fprintf(&b, "{ // %s\n%s}\n", name, asset(name))
	}
	return b.String()
}

func style() string { return asset("uplot/uPlot.min.css") + asset("style.css") + asset("linked.css") }

// asset is a file of the page. It is part of the program, so it is there.
func asset(name string) string {
	b, err := assets.ReadFile("assets/" + name)
	if err != nil {
		panic("report: " + err.Error())
	}
	return string(b)
}
