package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// server is one that takes requests with a credential.
type server struct {
	base   *url.URL
	header http.Header // sent with each request
	client *http.Client
}

func newServer(base *url.URL, header http.Header) server {
	return server{base, header, &http.Client{
		Timeout: time.Minute,
		// A redirect would take the credential to where nobody said.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 1 << 20

// statusError is an answer other than 2xx.
type statusError struct {
	status int
	header http.Header
	body   []byte
}

func (e *statusError) Error() string {
	text := http.StatusText(e.status)
	if e.status/100 == 3 {
		text += "; redirects are not followed: give the URL that it leads to"
	}
	return fmt.Sprintf("status %d %s", e.status, text)
}

// send asks for a path below the base, and reads the answer.
func (s *server) send(ctx context.Context, method string, to *url.URL, contentType string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, to.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header = s.header.Clone()
	if body != nil {
		request.Header.Set("Content-Type", contentType)
	}
	request.Header.Set("User-Agent", "metron")
	response, err := s.client.Do(request)
	if err != nil {
		if e := (*url.Error)(nil); errors.As(err, &e) { // which repeats method and URL
			err = e.Err
		}
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if response.StatusCode/100 != 2 {
		return nil, &statusError{response.StatusCode, response.Header, answer}
	}
	return answer, nil
}
