package plot

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// panels draws plots in rows and columns whose axes stand in line, each with so much room
// above it, and gives the canvas of each, row by row.
func (l look) panels(c draw.Canvas, head vg.Length, rows [][]*plot.Plot) []draw.Canvas {
	tiles := draw.Tiles{Rows: len(rows), Cols: len(rows[0]), PadX: 1.6 * l.text, PadY: head + 0.5*l.text, PadTop: head}
	var out []draw.Canvas
	for i, row := range plot.Align(rows, tiles, c) {
		for j, tile := range row {
			if rows[i][j] != nil {
				rows[i][j].Draw(tile)
			}
			out = append(out, tile)
		}
	}
	return out
}
