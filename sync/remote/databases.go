package remote

import (
	"context"
	"fmt"

	"importarchive/sync/remote/answer"
)

// Databases requests the names of a Milvus server's databases, without a retry. The
// server lists those in which the user has grants, if the user may list them at all.
// Errors are [*Error]s.
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
	x, failure := c.exchange(ctx, key, c.target.Dialect.databases(), answer.Bounds{Bytes: maxDetails})
	if failure == nil {
		failure = c.target.Dialect.judge(x.status, x.body, func(env answer.Envelope) (err error) {
			names, err = env.Databases()
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
	return names, nil
}
