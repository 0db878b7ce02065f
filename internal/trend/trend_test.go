package trend

import "testing"

func TestGrowth(t *testing.T) {
	line := func(n int, slope, stall int64) []Point {
		var points []Point
		for i := range int64(n) {
			p := Point{At: i * 1000, Value: 50 + i*slope}
			if i > int64(n)/2 && i < int64(n)*3/5 {
				p.Value += stall
			}
			points = append(points, p)
		}
		return points
	}
	at := func(points []Point, us int64) []Point {
		for i := range points {
			points[i].At = us
		}
		return points
	}
	for _, c := range []struct {
		name   string
		points []Point
		want   int64
		ok     bool
	}{
		{"none", nil, 0, false},
		{"too few", line(Fewest-1, 3, 0), 0, false},
		{"of one moment", at(line(100, 3, 0), 7), 0, false},
		{"flat", line(100, 0, 0), 0, true},
		{"a line up", line(101, 3, 0), 300, true},
		{"a line down", line(101, -3, 0), -300, true},
		{"flat but for a stall", line(400, 0, 1_000_000), 0, true},
	} {
		if got, ok := Growth(c.points); got != c.want || ok != c.ok {
			t.Errorf("%s: %d, %v; want %d, %v", c.name, got, ok, c.want, c.ok)
		}
	}
}
