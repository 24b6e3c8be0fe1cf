package remote

import (
	"errors"
	"net/http"
	"strconv"

	"importarchive/sync/remote/answer"
)

// read judges an answer to the request for a page: a listing, or an error with
// its kind.
func (d *Dialect) read(page, status int, body []byte) (l answer.Listing, failure *Error) {
	failure = d.judge(status, body, func(env answer.Envelope) (err error) {
		l, err = env.Listing(page)
		return err
	})
	if failure != nil {
		return answer.Listing{}, failure
	}
	return l, nil
}

// judge calls read for an answer that may be a result, and returns an error for any
// other.
func (d *Dialect) judge(status int, body []byte, read func(answer.Envelope) error) *Error {
	env, err := answer.Open(body)
	if err == nil && status == http.StatusOK {
		if err = read(env); err == nil {
			return nil
		}
	}
	e := &Error{
		Kind: d.kindOf(status, env), Status: status,
		Code: clean(env.Code), Message: clean(env.Message),
	}
	if e.Kind == Suspended {
		e.Err = errSuspended
	}
	if e.Code == "" && e.Message == "" {
		e.Message = clean(string(body[:min(len(body), 8*maxMessage)]))
	}
	if status != http.StatusOK || errors.Is(err, answer.ErrRefused) {
		return e // the status or the code has the kind, and the service's message the reason
	}
	if e.Err = err; errors.Is(err, answer.ErrCut) {
		e.Kind = Unavailable
	}
	return e
}

// errSuspended says what to do about a cluster that is to stay suspended.
var errSuspended = errors.New("not in its present state; set enabled = false for a cluster that stays suspended")

// kindOf trusts the body's code first: services and gateways send business
// errors with almost any HTTP status. But where the code names no cause, 401 and
// 403 are a denial, and so are the words of Milvus' denials.
func (d *Dialect) kindOf(status int, env answer.Envelope) Kind {
	n, err := strconv.ParseInt(env.Code, 10, 64)
	switch {
	case err != nil || answer.Successful(n):
		return statusKind(status)
	case vague(n) && (denial(status) || milvusDenies(env.Message)):
		return Auth
	}
	if kind, ok := d.kind(n); ok {
		return kind
	}
	if n >= 400 && n <= 599 {
		return statusKind(int(n))
	}
	return statusKind(status)
}

func denial(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}

// vague reports whether a code means an error of any kind.
func vague(code int64) bool {
	return code >= 500 && code <= 599 || milvusVague(code)
}
