// The usage command with --watch. Without it, the command is in root_test.go.

package cli_test

import (
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
)

// usageAt is a message of a stream.
func usageAt(offset time.Duration, revision int64, state satcapv1.ApiKey_State) *satcapv1.WatchUsageResponse {
	return &satcapv1.WatchUsageResponse{Usage: testUsage(), Revision: revision, ReadTime: at(offset), State: state}
}

// sends is a stream of messages that ends with err.
func sends(err error, messages ...*satcapv1.WatchUsageResponse) func(func(*satcapv1.WatchUsageResponse) error) error {
	return func(send func(*satcapv1.WatchUsageResponse) error) error {
		for _, m := range messages {
			if err := send(m); err != nil {
				return err
			}
		}
		return err
	}
}

var (
	watchEnded = refusal(connect.CodeUnavailable, "WATCH_ENDED", "the stream has ended")
	keyGone    = refusal(connect.CodeNotFound, "API_KEY_NOT_FOUND", "no such key")
)

func TestUsageWatch(t *testing.T) {
	t.Parallel()
	const active, paused = satcapv1.ApiKey_STATE_ACTIVE, satcapv1.ApiKey_STATE_PAUSED
	table := keyTable[11:]
	streams := []func(func(*satcapv1.WatchUsageResponse) error) error{
		sends(watchEnded, usageAt(0, 7, active), usageAt(15*time.Second, 7, active), usageAt(16*time.Second, 8, active)),
		sends(watchEnded, usageAt(17*time.Second, 8, active)), // nothing new after five minutes
		sends(refusal(connect.CodeUnavailable, "STORE_UNAVAILABLE", "the database does not answer")),
		sends(keyGone, usageAt(time.Minute, 8, paused)),
	}
	f := &fake{watch: streams}
	r := call(t, f, "usage", keyID, "--watch")
	require.Equal(t, 5, r.code)
	require.Equal(t, "the database does not answer (STORE_UNAVAILABLE): trying again\nsatcap: no such key (API_KEY_NOT_FOUND)\n", r.stderr)
	want := append([]string{"2026-11-24T14:05:11Z, revision 7, active"}, table...)
	want = append(append(want, "", "2026-11-24T14:05:27Z, revision 8, active"), table...)
	want = append(append(want, "", "2026-11-24T14:06:11Z, revision 8, paused"), table...)
	r.requireTable(t, want...)
	require.Len(t, f.requests, 4)
	for _, req := range f.requests {
		requireProto(t, &satcapv1.WatchUsageRequest{ApiKeyId: keyID}, req)
	}

	r = call(t, &fake{watch: []func(func(*satcapv1.WatchUsageResponse) error) error{
		sends(keyGone, usageAt(0, 7, active), usageAt(time.Second, 8, paused)),
	}}, "usage", keyID, "--watch", "-o", "json")
	require.Equal(t, 5, r.code)
	objects := strings.SplitAfter(r.stdout, "\n}\n")
	require.Len(t, objects, 3)
	for i, want := range []proto.Message{usageAt(0, 7, active), usageAt(time.Second, 8, paused)} {
		got := &satcapv1.WatchUsageResponse{}
		require.NoError(t, protojson.Unmarshal([]byte(objects[i]), got))
		requireProto(t, want, got)
	}
}

// TestUsageWatchFails: a stream that never begins is an error like any other.
func TestUsageWatchFails(t *testing.T) {
	t.Parallel()
	call(t, &fake{fail: keyGone}, "usage", keyID, "--watch").requireError(t, 5, "no such key (API_KEY_NOT_FOUND)")
	call(t, &fake{fail: refusal(connect.CodeUnavailable, "OVERLOADED", "too many streams")}, "usage", keyID, "--watch").
		requireError(t, 75, "too many streams (OVERLOADED)")
	call(t, &fake{stall: 300 * time.Millisecond, fail: keyGone}, "usage", keyID, "--watch", "--timeout", "50ms").
		requireError(t, 75, "the server does not answer (deadline_exceeded)")
}
