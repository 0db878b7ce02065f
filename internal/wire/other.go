package wire

// other stands for every API without a dialect: of its responses sizes and
// times are kept, of its requests the two fields that all APIs spell alike.
type other struct{}

func (other) request(_ string, body []byte, r *Request) {
	s := scanner{b: body}
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "model":
			r.Model = clip(s.text(), MaxLabel)
		case "stream":
			b := s.boolean()
			r.Stream = b != nil && *b
		default:
			s.skip()
		}
	}
}

func (other) event(_, _ []byte, _ *event) bool { return false }

func (other) document(_ []byte, _ *event) bool { return false }
