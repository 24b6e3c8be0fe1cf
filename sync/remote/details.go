package remote

import (
	"context"
	"errors"
	"time"
)

// Details is what a service says of one job when it is asked for that job
// alone. Its listing has the id, the collection and the state, often no more.
type Details struct {
	// Job is the job as in a listing, its ID as asked for. RawState is "" in
	// zilliz-v1, which tells none. Progress is nil also where the number does
	// not say what it means: see ProgressRaw.
	Job

	// ProgressRaw is the number as sent; "" for none.
	ProgressRaw string

	FileName string // "" when not sent
	FileSize *int64 // in bytes; this and the rows are nil when not sent or no count (then Extra has it)

	TotalRows, ImportedRows *int64

	// The service's own times, in UTC; zero when not sent or not readable
	// (then Extra has it). Every service seen cuts them to whole seconds: the
	// moment itself is somewhere in the second that begins then.
	CreatedAt, CompletedAt time.Time

	Files []File // in the order sent

	Asked, Received time.Time // as of a Page
}

// File is what a service says of one file of a job. Its fields are those of
// [Details].
type File struct {
	Name                          string
	Size, TotalRows, ImportedRows *int64
	RawState                      string
	Progress                      *float64
	ProgressRaw                   string
	Reason                        string
	CompletedAt                   time.Time
	Extra                         string
}

// ErrForgotten is found, with errors.Is, in the error of a job that the
// service says it does not have.
var ErrForgotten = errors.New("the service knows no such job")

// ErrCantDescribe is found, with errors.Is, in the error of a server that
// knows none of the calls which tell details.
var ErrCantDescribe = errors.New("the server has no call that tells details of a job")

// Describe asks for the details of one job, once: what fails is asked again
// by the next run, if at all. Errors are [*Error]s; see [ErrForgotten] and
// [ErrCantDescribe]. It waits for its turn behind all listings that share its
// pace.
//
// Servers know the call by one of several names. The client tries them in
// turn, each with a request of its own, and remembers the one that was known.
func (c *Client) Describe(ctx context.Context, jobID string) (Details, error) {
	return c.about(ctx, jobID, c.pacer.yield)
}

// Confirm is Describe for a listing that waits for the answer: it takes its turn
// like a page.
func (c *Client) Confirm(ctx context.Context, jobID string) (Details, error) {
	return c.about(ctx, jobID, c.pacer.wait)
}

func (c *Client) about(ctx context.Context, jobID string, turn waiter) (Details, error) {
	d, err := c.describe(ctx, jobID, turn)
	if err != nil { // not returned as it is: a nil *Error is no nil error
		return Details{}, err
	}
	return d, nil
}
