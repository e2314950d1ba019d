// Answers that a client asks for and does not take.

package server_test

import (
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/server"
)

// frame is a frame of HTTP/2 (RFC 9113, section 4.1).
func frame(kind, flags byte, stream uint32, payload ...byte) []byte {
	head := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	head = append(head, flags)
	return append(binary.BigEndian.AppendUint32(head, stream), payload...)
}

// TestUntakenAnswer: a client that gives the server no room to answer in is not
// waited for without end.
func TestUntakenAnswer(t *testing.T) {
	const settingsFrame, headersFrame, resetFrame = 4, 1, 3
	r := start(t, settings(t), func(s *server.Server) {
		require.Equal(t, 30*time.Second, s.HTTP().WriteTimeout)
		s.HTTP().WriteTimeout = 300 * time.Millisecond
	})
	conn, err := net.Dial("tcp", r.Addr())
	require.NoError(t, err)
	defer conn.Close()
	// SETTINGS_INITIAL_WINDOW_SIZE (4) is 0; then GET /healthz, in the static table's words.
	send := append([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(settingsFrame, 0, 0, 0, 4, 0, 0, 0, 0)...)
	request := append([]byte{0x82, 0x86, 0x04, 8}, "/healthz"...)
	request = append(append(request, 0x01, 1), 'x')
	_, err = conn.Write(append(send, frame(headersFrame, 0x5, 1, request...)...))
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(soon)))
	for {
		head := make([]byte, 9)
		_, err := io.ReadFull(conn, head)
		require.NoError(t, err, "the stream was not ended")
		if head[3] == resetFrame {
			return
		}
		_, err = io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(head)>>8))
		require.NoError(t, err)
	}
}
