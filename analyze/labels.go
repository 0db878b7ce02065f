package analyze

import (
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow/array"
)

// labels is what a row says about itself beside its times, read where a grouping or
// a section asks for it. Texts share the memory of the batch; "" is unknown.
type labels struct {
	tenant, session, path, target string
	responseModel, errorType      string
	finishReason                  string // of several choices those that differ, sorted, joined by "+"
	status, turn                  maybe[int64]
	blockHashes                   []int64
	blockSize                     maybe[int64]
	blockUnit                     string
	sampleRate                    maybe[float64]
}

// labelView is the columns of labels.
type labelView struct {
	tenant, session, path, target *array.String
	responseModel, errorType      *array.String
	finishReasons                 *array.List
	status, turn                  *array.Int64
	blockHashes                   lists[int64]
	blockSize                     *array.Int64
	blockUnit                     *array.String
	sampleRate                    *array.Float64
}

func newLabelView(c *columnReader) labelView {
	return labelView{
		tenant:        take[*array.String](c, "tenant"),
		session:       take[*array.String](c, "session_id"),
		path:          take[*array.String](c, "path"),
		target:        take[*array.String](c, "target"),
		responseModel: take[*array.String](c, "response_model"),
		errorType:     take[*array.String](c, "error_type"),
		finishReasons: take[*array.List](c, "finish_reasons"),
		status:        take[*array.Int64](c, "http_status"),
		turn:          take[*array.Int64](c, "turn"),
		blockHashes:   takeLists(c, "block_hashes", (*array.Int64).Int64Values),
		blockSize:     take[*array.Int64](c, "block_size"),
		blockUnit:     take[*array.String](c, "block_unit"),
		sampleRate:    take[*array.Float64](c, "sample_rate"),
	}
}

func (v *labelView) at(i int, l *labels) {
	*l = labels{
		tenant: text(v.tenant, i), session: text(v.session, i), path: text(v.path, i), target: text(v.target, i),
		responseModel: text(v.responseModel, i), errorType: text(v.errorType, i), finishReason: joinedTexts(v.finishReasons, i),
		status: number(v.status, i), turn: number(v.turn, i),
		blockHashes: v.blockHashes.at(i), blockSize: number(v.blockSize, i), blockUnit: text(v.blockUnit, i),
		sampleRate: floating(v.sampleRate, i),
	}
}

// joinedTexts is the different texts of a list.
func joinedTexts(a *array.List, i int) string {
	if a == nil || a.IsNull(i) {
		return ""
	}
	values, ok := a.ListValues().(*array.String)
	from, to := a.ValueOffsets(i)
	if !ok || from == to {
		return ""
	}
	if to-from == 1 {
		return text(values, int(from))
	}
	var all []string
	for j := from; j < to; j++ {
		all = append(all, text(values, int(j)))
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), "+")
}

func floating(a *array.Float64, i int) maybe[float64] {
	if a == nil || a.IsNull(i) {
		return maybe[float64]{}
	}
	return just(a.Value(i))
}
