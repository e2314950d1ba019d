// The usage command with --watch.

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
)

const (
	reasonWatchEnded = "WATCH_ENDED"
	// watchSilence is the longest time that a server lets pass without a message.
	watchSilence = 15 * time.Second
	// watchPause is the pause before a stream is opened again.
	watchPause = time.Second
)

// errSilent: the server has been silent for longer than it ever is.
var errSilent = errors.New("the server does not answer")

// watchUsage prints a key's usage whenever it changes, until it is interrupted. A
// stream that was lost is opened again, but one that never began is an error.
func (s *session) watchUsage(ctx context.Context, keyID string, timeout time.Duration) error {
	w := &usageWatch{session: s, keyID: keyID, timeout: timeout}
	for {
		err := w.once(ctx)
		switch {
		case w.shown == nil || !lost(err):
			return err
		case !ended(err):
			s.note("%s: trying again", describe(err))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(watchPause):
		}
	}
}

// lost says that what ended a stream does not keep a new one from beginning.
func lost(err error) bool {
	remote, ok := remoteError(err)
	return errors.Is(err, errSilent) || ok && remote.Code() == connect.CodeUnavailable
}

// ended says that the server ended the stream as it does every few minutes.
func ended(err error) bool {
	remote, ok := remoteError(err)
	return ok && reason(remote) == reasonWatchEnded
}

// usageWatch is what was shown so far.
type usageWatch struct {
	*session
	keyID   string
	timeout time.Duration
	shown   *satcapv1.WatchUsageResponse
}

// once opens one stream and reads it to its end.
func (w *usageWatch) once(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(w.timeout, func() { cancel(errSilent) })
	defer silence.Stop()
	stream, err := w.streams.WatchUsage(ctx, &satcapv1.WatchUsageRequest{ApiKeyId: w.keyID})
	for err == nil {
		var res *satcapv1.WatchUsageResponse
		if res, err = stream.Receive(); err == nil {
			silence.Reset(watchSilence + w.timeout)
			err = w.show(res)
		}
	}
	if cause := context.Cause(ctx); errors.Is(cause, errSilent) {
		if w.shown == nil { // as with every other call that is not answered
			return connect.NewError(connect.CodeDeadlineExceeded, errSilent.Error())
		}
		return errSilent
	}
	return err
}

// show prints a message unless it only says that the server is there.
func (w *usageWatch) show(res *satcapv1.WatchUsageResponse) error {
	before := w.shown
	w.shown = res
	if before != nil {
		same := proto.CloneOf(before)
		if same.ReadTime = res.GetReadTime(); proto.Equal(same, res) {
			return nil
		}
	}
	return w.print(res, func(out io.Writer) {
		if before != nil {
			gap(out)
		}
		fmt.Fprintf(out, "%s, revision %d, %s\n", timeOr(res.GetReadTime(), none), res.GetRevision(), enumName(res.GetState(), statePrefix))
		usageTable(out, res.GetUsage())
	})
}
