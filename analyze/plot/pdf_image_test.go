package plot

import (
	"bytes"
	"compress/zlib"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Images stand upright in a PDF, whose page gonum turns over: what was painted at the top is at
// the top.
func TestImagesStandUpright(t *testing.T) {
	f, err := sampleFigures()["heat"].Figure(Style{})
	if err != nil {
		t.Fatal(err)
	}
	images := 0
	for _, page := range pdfStreams(drawn(t, f, PDF)) {
		type matrix [6]float64 // a b c d e f, of x' = ax + cy + e and y' = bx + dy + f
		now, stack := matrix{1, 0, 0, 1, 0, 0}, []matrix{}
		words := strings.Fields(page)
		for i, word := range words {
			switch word {
			case "q":
				stack = append(stack, now)
			case "Q":
				now, stack = stack[len(stack)-1], stack[:len(stack)-1]
			case "cm":
				var m matrix
				for j := range m {
					m[j], _ = strconv.ParseFloat(words[i-6+j], 64)
				}
				now = matrix{m[0]*now[0] + m[1]*now[2], m[0]*now[1] + m[1]*now[3], m[2]*now[0] + m[3]*now[2], m[2]*now[1] + m[3]*now[3],
					m[4]*now[0] + m[5]*now[2] + now[4], m[4]*now[1] + m[5]*now[3] + now[5]}
			case "Do":
				images++
				if now[0] <= 0 || now[3] <= 0 {
					t.Errorf("image %s lies by %v", words[i-1], now)
				}
				if now[4] < 0 || now[5] < 0 || now[4]+now[0] > 576 || now[5]+now[3] > 324 {
					t.Errorf("image %s is off the page: %v", words[i-1], now)
				}
			}
		}
	}
	if images != 2 { // the scale, and the cells
		t.Errorf("%d images", images)
	}
}

// pdfStreams are the streams that unpack into drawing.
func pdfStreams(pdf []byte) (out []string) {
	for _, at := range regexp.MustCompile(`stream\r?\n`).FindAllIndex(pdf, -1) {
		r, err := zlib.NewReader(bytes.NewReader(pdf[at[1]:]))
		if err != nil {
			continue
		}
		if text, _ := io.ReadAll(r); bytes.Contains(text, []byte(" cm")) && bytes.Contains(text, []byte(" Do")) {
			out = append(out, string(text))
		}
	}
	return out
}
