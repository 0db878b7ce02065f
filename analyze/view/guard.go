package view

import (
	"net"
	"net/http"
	"strings"
)

// guard lets requests through that a page of this server can have sent. A page from
// elsewhere whose name was made to point here (DNS rebinding) sends that name as its
// Host, so the only names that are answered are localhost and the one that was listened on
// (nameOf); an address is no name. A page that asks across sites is told so by its browser.
func guard(own string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Cache-Control", "no-store")
		head.Set("Content-Security-Policy", "frame-ancestors 'none'")
		head.Set("Cross-Origin-Resource-Policy", "same-origin")
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("X-Content-Type-Options", "nosniff")
		if !ours(r.Host, own) {
			fail(w, http.StatusForbidden, "this server does not answer to the name "+hostOf(r.Host), "open the address that `metron view` printed, or give the name as --listen NAME:PORT")
			return
		}
		if site := r.Header.Get("Sec-Fetch-Site"); r.URL.Path != "/" && site != "" && site != "same-origin" && site != "none" {
			fail(w, http.StatusForbidden, "this was asked by a page from elsewhere", "")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func ours(host, own string) bool {
	name := hostOf(host)
	return net.ParseIP(name) != nil || strings.EqualFold(name, "localhost") || name != "" && strings.EqualFold(name, own)
}

// nameOf is what the machine is called to whoever opens what listens at an address: as the
// address calls it, or, where that is every address, by its own name.
func nameOf(listen string, hostname func() (string, error)) string {
	host := hostOf(listen)
	if ip := net.ParseIP(host); host != "" && (ip == nil || !ip.IsUnspecified()) {
		return host
	}
	if name, err := hostname(); err == nil && name != "" {
		return name
	}
	return "localhost"
}

// hostOf is the host of host:port, either of which may be missing.
func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return strings.TrimSuffix(strings.TrimPrefix(address, "["), "]")
}
