package wire

const apiSageMaker = "sagemaker"

// sagemaker is an endpoint of AWS SageMaker: the container's own API, that of
// vLLM or of TGI, passed through. A streamed answer comes in the payloads of an
// AWS event stream, cut anywhere; vLLM serves the same path without it.
type sagemaker struct {
	stream bool // the path streams, whatever the request says
}

func (d sagemaker) request(path string, body []byte, r *Request) {
	openAI{}.request(path, body, r)
	if r.Model == "" {
		r.Model = clip(between(path, "/endpoints/", "/"), MaxLabel)
	}
	r.Stream = r.Stream || d.stream
	s := scanner{b: body}
	for in := s.into('{'); in && s.next('}'); {
		if string(s.key()) == "parameters" && s.peek() == '{' {
			scanParameters(&s, r)
		} else {
			s.skip()
		}
	}
}

func (sagemaker) event(name, data []byte, e *event) bool {
	ok := openAI{}.event(name, data, e)
	if !ok || e.kinds&^(1<<Error) != 0 {
		return ok
	}
	e.reset()
	return scanTGI(data, e)
}

func (sagemaker) document(body []byte, e *event) bool {
	ok := openAI{}.document(body, e)
	if !ok || e.kinds&^(1<<Error) != 0 {
		return ok
	}
	e.reset()
	return tgi{}.document(body, e)
}

// isPart reports whether a message of an event stream carries a piece of the
// container's answer.
func isPart(d dialect, b block) bool {
	_, ok := d.(sagemaker)
	return ok && !b.failed && string(b.name) == "PayloadPart"
}
