// Calls of HTTP/2 that are begun and given up, as fast as a client can.

package server_test

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/server"
)

// gauge counts the calls that are being handled, for each connection.
type gauge struct {
	mu    sync.Mutex
	now   map[string]int // by the client's address
	most  int            // at once, of one connection
	calls int
	// hold, if not nil, keeps every call of whoever sends X-Flood.
	hold chan struct{}
}

// around counts what next handles.
func (g *gauge) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Flood") == "" {
			next.ServeHTTP(w, r)
			return
		}
		g.count(r.RemoteAddr, 1)
		defer g.count(r.RemoteAddr, -1)
		if g.hold != nil {
			<-g.hold // even though the client has given up
		}
		next.ServeHTTP(w, r)
	})
}

func (g *gauge) count(address string, more int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now[address] += more
	g.most = max(g.most, g.now[address])
	g.calls += max(0, more)
}

func (g *gauge) counts() (most, calls int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.most, g.calls
}

// literal is a header field for HPACK without any table (RFC 7541, section
// 6.2.2); name and value are shorter than 127 bytes.
func literal(name, value string) []byte {
	return slices.Concat([]byte{0, byte(len(name))}, []byte(name), []byte{byte(len(value))}, []byte(value))
}

// flood begins calls and resets them at once, until there were so many or the
// server ends the connection. It returns how many there were, and the error code
// that the server ended the connection with, or 0.
func (r *running) flood(most int) (begun int, code uint32, err error) {
	const settingsFrame, headersFrame, dataFrame, resetFrame = 4, 1, 0, 3
	const endStream, endHeaders, cancel = 1, 4, 8
	conn, err := net.Dial("tcp", r.Addr())
	if err != nil {
		return 0, 0, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(4 * soon)); err != nil { // also on a slow machine
		return 0, 0, err
	}
	said := make(chan uint32, 1)
	go func() { said <- goAway(bufio.NewReader(conn)) }() // nothing is waited for, but all is taken
	// POST, http, :path and :authority in the static table's words.
	fields := slices.Concat([]byte{0x83, 0x86, 0x04, byte(len(listPath))}, []byte(listPath), []byte{0x01, 1, 'x'},
		literal("content-type", "application/json"), literal("authorization", "Bearer "+token), literal("x-flood", "1"))
	out := bufio.NewWriter(conn)
	_, err = out.Write(append([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(settingsFrame, 0, 0)...))
	for ; err == nil && begun < most; begun++ {
		stream := uint32(2*begun + 1)
		_, err = out.Write(slices.Concat(frame(headersFrame, endHeaders, stream, fields...),
			frame(dataFrame, endStream, stream, '{', '}'), frame(resetFrame, 0, stream, 0, 0, 0, cancel)))
	}
	if err == nil && out.Flush() == nil { // else the server has ended it
		if half, ok := conn.(*net.TCPConn); ok {
			_ = half.CloseWrite() // the server reads everything before it sees this
		}
	}
	return begun, <-said, nil
}

// goAway reads frames to the end of a connection, and returns the error code of
// the last GOAWAY.
func goAway(conn io.Reader) (code uint32) {
	const goAwayFrame = 7
	for {
		head := make([]byte, 9)
		if _, err := io.ReadFull(conn, head); err != nil {
			return code
		}
		payload := make([]byte, binary.BigEndian.Uint32(head)>>8)
		if _, err := io.ReadFull(conn, payload); err != nil {
			return code
		}
		if head[3] == goAwayFrame {
			code = binary.BigEndian.Uint32(payload[4:])
		}
	}
}

// TestResets: calls that are reset at once, 10,000 of them, run no more handlers
// at a time than calls that are not, and others are answered meanwhile.
func TestResets(t *testing.T) {
	const resets = 10_000
	g := &gauge{now: make(map[string]int)}
	r := start(t, settings(t), func(s *server.Server) { s.HTTP().Handler = g.around(s.HTTP().Handler) })
	flooded := make(chan error, 1)
	go func() {
		var failed error
		for sent := 0; sent < resets && failed == nil; {
			var n int
			n, _, failed = r.flood(resets - sent)
			sent += n
		}
		flooded <- failed
	}()
	headers := map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + token}
	began := time.Now()
	client, slowest, served := httpClient(t, true), time.Duration(0), 0
	for flooding := true; flooding; served++ {
		select {
		case err := <-flooded:
			require.NoError(t, err)
			flooding = false // and once more after that
		default:
		}
		asked := time.Now()
		require.Equal(t, http.StatusOK, r.sendBy(t, client, http.MethodPost, listPath, "{}", headers).StatusCode)
		slowest = max(slowest, time.Since(asked))
	}
	most, calls := g.counts()
	t.Logf("%d of %d calls reached a handler in %s, at most %d at once; meanwhile %d others, the slowest in %s",
		calls, resets, time.Since(began), most, served, slowest)
	require.LessOrEqual(t, most, 250)
	require.Positive(t, calls)
	require.Greater(t, served, 1)
}

// TestResetsWhileNothingEnds: if handlers do not even notice that their calls
// were reset, the client gets no more of them by that, and loses its connection.
func TestResetsWhileNothingEnds(t *testing.T) {
	const resets = 10_000
	g := &gauge{now: make(map[string]int), hold: make(chan struct{})}
	r := start(t, settings(t), func(s *server.Server) { s.HTTP().Handler = g.around(s.HTTP().Handler) })
	release := sync.OnceFunc(func() { close(g.hold) })
	t.Cleanup(release) // before the server ends, which waits for them
	_, code, err := r.flood(resets)
	require.NoError(t, err)
	const enhanceYourCalm = 11
	require.EqualValues(t, enhanceYourCalm, code, "the server does not end the connection")
	require.Eventually(t, func() bool { most, _ := g.counts(); return most >= 250 }, soon, tick)
	r.requireServed(t)
	most, calls := g.counts()
	require.Equal(t, 250, most)
	require.Equal(t, 250, calls)
	release()
	r.requireServed(t)
	r.end()
	_, calls = g.counts()
	require.LessOrEqual(t, calls, 250+4*250+1, "what waited when the connection was ended")
}
