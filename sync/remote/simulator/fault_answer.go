package simulator

import (
	"cmp"
	"net/http"
	"strconv"
	"time"
)

// answer returns the fault's answer in place of the service's; nil if the fault does
// not apply after all.
func (f *fault) answer(c *cluster, q *question, now time.Time) *answer {
	var a *answer
	switch f.Kind {
	case Redirect:
		a = plain(http.StatusTemporaryRedirect, "")
		a.header.Set("Location", "https://elsewhere.example"+q.uri)
	case ErrorCode:
		a = refusal{http.StatusOK, f.Code, cmp.Or(f.Body, "The request could not be served.")}.answer()
	case Away:
		a = c.dialect.away.answer()
	case Denied:
		a = c.dialect.denied.answer()
	case Verbatim:
		a = jsonAnswer(http.StatusOK, []byte(f.Body))
	case HTML:
		a = newAnswer(cmp.Or(f.Status, http.StatusOK), "text/html", []byte(proxyPage))
	case RateLimit:
		if f.admits(q.authorization, now) {
			return nil
		}
		a = c.dialect.tooMany.answer()
	case HTTPStatus:
		a = f.statusAnswer(c.dialect)
	}
	f.setRetryAfter(a.header, now)
	return a
}

// statusAnswer has the service's own body where one is known; before the
// service stand gateways, which say little.
func (f *fault) statusAnswer(d *dialect) *answer {
	status := cmp.Or(f.Status, http.StatusServiceUnavailable)
	switch {
	case f.Body != "":
		return plain(status, f.Body)
	case status == http.StatusUnauthorized:
		return d.badKey.answer()
	case status == http.StatusTooManyRequests:
		return unseenTooMany.answer()
	}
	return plain(status, http.StatusText(status))
}

const proxyPage = `<html>
<head><title>Service unavailable</title></head>
<body><center><h1>Service unavailable</h1></center><hr><center>nginx</center></body>
</html>
`

func (f *fault) setRetryAfter(h http.Header, now time.Time) {
	if f.RetryAfter <= 0 {
		return
	}
	// Both spellings are of whole seconds; rounded up, they never ask for less.
	const up = time.Second - 1
	if f.RetryAsDate {
		h.Set("Retry-After", now.Add(f.RetryAfter+up).UTC().Format(http.TimeFormat))
		return
	}
	h.Set("Retry-After", strconv.Itoa(int((f.RetryAfter+up)/time.Second)))
}

// admits keeps the rate: at most Rate requests within any second. The limit is that of
// a user over all clusters, as documented.
func (f *fault) admits(key string, now time.Time) bool {
	recent := f.passed[key]
	for len(recent) > 0 && now.Sub(recent[0]) >= time.Second {
		recent = recent[1:]
	}
	ok := len(recent) < f.Rate
	if ok {
		recent = append(recent, now)
	}
	f.passed[key] = recent
	return ok
}
