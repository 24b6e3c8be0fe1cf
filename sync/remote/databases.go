package remote

import (
	"context"
	"errors"
	"fmt"
)

// Databases asks a Milvus server for the names of its databases, once. It names
// those that the user has grants in, and only to a user who may ask. Errors are
// [*Error]s.
func (c *Client) Databases(ctx context.Context) ([]string, error) {
	names, err := c.databases(ctx)
	if err != nil { // not returned as it is: a nil *Error is no nil error
		return nil, err
	}
	return names, nil
}

func (c *Client) databases(ctx context.Context) (names []string, failure *Error) {
	if c.target.Dialect.databases == nil {
		return nil, &Error{Kind: Settings, Err: fmt.Errorf("%s has no call that lists databases", c.target.Dialect.Name)}
	}
	key, failure := c.admit(ctx, c.pacer.wait)
	if failure != nil {
		return nil, failure
	}
	x, failure := c.exchange(ctx, key, c.target.Dialect.databases(), maxDetails)
	if failure == nil {
		failure = c.target.Dialect.judge(x.status, x.body, func(env envelope) (err error) {
			names, err = env.databases()
			return err
		})
		if failure != nil {
			failure = x.blame(failure)
		}
	}
	if failure != nil {
		failure.Tries = 1
		return nil, failure
	}
	if x.escapes {
		x.hide.texts(names)
	}
	return names, nil
}

// databases reads the data of an answer that came with HTTP 200.
func (env envelope) databases() ([]string, error) {
	if err := env.succeeded(); err != nil {
		return nil, err
	}
	if env.data == nil || env.data[0] != '[' {
		return nil, errors.New("data is missing or not an array")
	}
	var names []string
	for raw := range elements(env.data) {
		name, ok := unquote(raw)
		if !ok {
			return nil, errors.New("data has what is no name")
		}
		names = append(names, name)
	}
	return names, nil
}
