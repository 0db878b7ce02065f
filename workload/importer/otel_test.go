package importer

import (
	"fmt"
	"testing"

	"metron/schema"
)

// TestOTelOutcomes: an outcome and a status never contradict each other.
func TestOTelOutcomes(t *testing.T) {
	for _, c := range []struct {
		status  int64 // 0: none
		failed  bool
		class   string
		outcome string
		kept    int64 // status of the row, 0: none
	}{
		{0, false, "", schema.OutcomeOK, 0},
		{200, false, "", schema.OutcomeOK, 200},
		{503, false, "", schema.OutcomeHTTPError, 503},
		{504, true, "TimeoutError", schema.OutcomeHTTPError, 504},
		{200, true, "TimeoutError", schema.OutcomeTimeout, 200},
		{200, true, "", schema.OutcomeHTTPError, 0},
		{200, true, "429", schema.OutcomeHTTPError, 429},
		{0, true, "429", schema.OutcomeHTTPError, 429},
	} {
		attributes := `{"key":"gen_ai.request.model","value":{"stringValue":"m"}}`
		if c.status != 0 {
			attributes += fmt.Sprintf(`,{"key":"http.response.status_code","value":{"intValue":"%d"}}`, c.status)
		}
		if c.class != "" {
			attributes += fmt.Sprintf(`,{"key":"error.type","value":{"stringValue":%q}}`, c.class)
		}
		span := `{"spanId":"a","startTimeUnixNano":"1000","endTimeUnixNano":"2000","attributes":[` + attributes + `]`
		if c.failed {
			span += `,"status":{"code":2}`
		}
		_, rows := importText(t, importer(t, "otel", otelText(span+"}")))
		got := int64(0)
		if rows[0].HTTPStatus != nil {
			got = *rows[0].HTTPStatus
		}
		if rows[0].Outcome != c.outcome || got != c.kept {
			t.Errorf("%+v: %s with status %d", c, rows[0].Outcome, got)
		}
	}
}
