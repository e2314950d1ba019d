// What the tests need of the package's inside.

package loadgen

import (
	"context"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"
)

// EndAfter calls end after so many calls, so that no test depends on how fast this
// machine is. The calls under way then are waited for.
func (c *Config) EndAfter(calls int64, end func()) {
	c.Duration, c.patience = time.Hour, time.Hour
	c.wrap = func(t target) target { return &ending{target: t, left: calls, end: end} }
}

type ending struct {
	target
	made atomic.Int64
	left int64
	end  func()
}

func (e *ending) invoke(ctx context.Context, caller int, procedure string, req, res proto.Message) outcome {
	if e.made.Add(1) == e.left {
		e.end()
	}
	return e.target.invoke(ctx, caller, procedure, req, res)
}
