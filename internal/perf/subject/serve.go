// The process around a subject: it takes jobs as JSON, one a line, and answers
// each by a line.

package subject

import (
	"context"
	"encoding/json"
	"errors"
	"io"
)

// Reply answers a job.
type Reply struct {
	// Tally is what came of it.
	Tally Tally
	// Error is why it failed; empty: it did not.
	Error string
}

// Serve opens the subject that the first line names and runs the jobs of the
// other lines until they end. The first line is answered once the subject is open.
func Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	lines, answers := json.NewDecoder(in), json.NewEncoder(out)
	var spec Spec
	if err := lines.Decode(&spec); err != nil {
		return err
	}
	s, err := Open(ctx, spec)
	if err != nil {
		return errors.Join(err, answers.Encode(Reply{Error: err.Error()}))
	}
	if err := answers.Encode(Reply{}); err != nil {
		return errors.Join(err, s.Close())
	}
	for {
		var job Job
		if err := lines.Decode(&job); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return errors.Join(err, s.Close())
		}
		var reply Reply
		if reply.Tally, err = Run(ctx, s, job); err != nil {
			reply.Error = err.Error()
		} else if reply.Tally.Error != "" {
			reply.Error = reply.Tally.Error
		}
		if err := answers.Encode(reply); err != nil {
			return errors.Join(err, s.Close())
		}
	}
}
