package capture

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/urfave/cli/v2"

	"metron/capture/pcap"
	"metron/internal/exchange"
	"metron/schema"
)

// passive lets rows from a packet capture in through the recorder's door: the
// same is kept of them, and the same is not.
func passive() pcap.Entry {
	flags := slices.DeleteFunc(recordingFlags(), func(f cli.Flag) bool { // a packet capture makes one file, when it is read
		return slices.Contains([]string{"out", "rotate-every", "rotate-rows", "rotate-size", "max-disk", "flush"}, f.Names()[0])
	})
	return pcap.Entry{Flags: flags, Open: func(c *cli.Context, config map[string]any) (pcap.Door, error) {
		r, err := recordingOf(c)
		if err != nil {
			return nil, err
		}
		r = r.defaults()
		config["session_by"], config["session_window"], config["tokenizer"] = r.SessionBy, r.SessionWindow.String(), r.Tokenizer
		d := &passiveDoor{config: r, names: newNames(), budget: &budget{limit: r.MaxMemory}}
		d.keeper = newKeeper(r, d.names, d.budget)
		d.flags, err = json.Marshal(config)
		return d, err
	}}
}

// passiveDoor is the keeper without a queue: who reads packets can wait.
type passiveDoor struct {
	config Recording
	names  names
	budget *budget
	keeper *keeper
	flags  json.RawMessage
	did    tally
}

// Meta is the footer as far as the door knows it.
func (d *passiveDoor) Meta() schema.Meta {
	return schema.Meta{Vantage: schema.VantageCapture, Clock: "packet timestamps", Config: d.flags, Privacy: d.config.Privacy,
		KeyID: d.names.id, Kept: d.config.manifest()}
}

// Counters are what the door left out.
func (d *passiveDoor) Counters() map[string]int64 {
	m := d.did.counters()
	for _, name := range []string{"seen", "recorded", "dropped", "failed"} { // are not the door's to know
		delete(m, name)
	}
	return m
}

// Begin begins the exchange of a request, if it is to be recorded.
func (d *passiveDoor) Begin(row *schema.Record, r *http.Request, body []byte) pcap.Kept {
	k := d.keeper.begin(row, headOf(r), body)
	if k.exchange == nil {
		d.did.add(k.left)
		if k.turn != nil {
			d.keeper.sessions.end(nil, k.turn, row.StartTime)
		}
		return nil
	}
	x := &passiveExchange{Exchange: k.exchange, door: d, kept: k}
	x.settle()
	return x
}

// passiveExchange is an exchange whose content takes of the budget.
type passiveExchange struct {
	*exchange.Exchange
	door *passiveDoor
	kept kept
	held int64
}

func (x *passiveExchange) settle() {
	held := x.Held()
	x.door.budget.take(held-x.held, true)
	if x.held = held; x.door.budget.over() {
		x.Degrade()
		x.door.budget.take(x.Held()-x.held, true)
		x.held = x.Held()
	}
}

// Body takes bytes of the response.
func (x *passiveExchange) Body(p []byte, atUS int64, read int32) {
	x.Exchange.Body(p, atUS, read)
	x.settle()
}

// End completes the row.
func (x *passiveExchange) End(e exchange.Ending) *schema.Record {
	row := x.Exchange.End(e)
	x.door.keeper.sessions.end(row, x.kept.turn, e.AtUS)
	x.door.did.add(x.door.keeper.degraded(x.kept.degraded, row))
	x.door.budget.give(x.held)
	return row
}
