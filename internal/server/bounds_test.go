// What one client may cost: headers, bodies and streams.

package server_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestHeaderBytes: 2,000 bytes over the limit are refused, under it are not.
// net/http reads up to 4,096 bytes more than it was told.
func TestHeaderBytes(t *testing.T) {
	r := start(t, settings(t))
	for _, http2 := range []bool{false, true} {
		for bytes, refused := range map[int]bool{16<<10 - 2000: false, 16<<10 + 4096 + 2000: true} {
			for name, header := range map[string]func(http.Header){
				"Long": func(h http.Header) { h.Set("X-Long", strings.Repeat("x", bytes)) },
				"Many": func(h http.Header) {
					const each = 64 // with the 32 that HTTP/2 counts for every header
					for i := range bytes / each {
						h.Set(fmt.Sprintf("X-Many-%04d", i), strings.Repeat("x", each-32-11))
					}
					if !http2 && refused {
						h.Set("X-Rest", strings.Repeat("x", bytes/2))
					}
				},
			} {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.Addr()+"/healthz", nil)
				require.NoError(t, err)
				header(req.Header)
				res, err := httpClient(t, http2).Do(req)
				if !refused {
					require.NoError(t, err)
					require.Equal(t, http.StatusOK, res.StatusCode, "%s HTTP/2 %v", name, http2)
				} else if err == nil { // HTTP/2 may also end the connection
					require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, res.StatusCode, "%s HTTP/2 %v", name, http2)
				}
				if err == nil {
					require.NoError(t, res.Body.Close())
				}
			}
		}
	}
}

func TestBodyBytes(t *testing.T) {
	r := start(t, settings(t))
	headers := map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + token}
	// spaces is a valid request of this size.
	spaces := func(size int) string { return "{" + strings.Repeat(" ", size-2) + "}" }
	require.Equal(t, http.StatusOK, r.send(t, http.MethodPost, listPath, spaces(64<<10), headers).StatusCode)
	for _, size := range []int{64<<10 + 1, 64<<10 + 2000, 1 << 20} {
		res := r.send(t, http.MethodPost, listPath, spaces(size), headers)
		require.Equal(t, http.StatusTooManyRequests, res.StatusCode, size)
		require.Contains(t, readAll(t, res), "REQUEST_TOO_LARGE", size)
	}
	// An envelope that announces 4 GiB is not waited for.
	envelope := append([]byte{0}, 0xff, 0xff, 0xff, 0xff)
	began := time.Now()
	res := r.send(t, http.MethodPost, listPath, string(envelope), map[string]string{
		"Content-Type": "application/grpc-web+proto", "Authorization": "Bearer " + token,
	})
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Contains(t, strings.ToLower(readAll(t, res))+res.Header.Get("Grpc-Status"), "8", "resource exhausted")
	require.Less(t, time.Since(began), time.Second)
}

// TestBatchBodyBytes: only a batch may be larger, and not without end.
func TestBatchBodyBytes(t *testing.T) {
	r := start(t, settings(t))
	headers := map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + token}
	batch := func(size int) string {
		body := `{"operations":[{"release":{"apiKeyId":"00000000-0000-4000-8000-000000000000","spendId":"a"}}]}`
		return body + strings.Repeat(" ", size-len(body))
	}
	for size, status := range map[int]int{1 << 10: http.StatusOK, 4 << 20: http.StatusOK, 4<<20 + 1: http.StatusTooManyRequests, 4<<20 + 2000: http.StatusTooManyRequests} {
		res := r.send(t, http.MethodPost, "/satcap.v1.SpendService/ApplySpends", batch(size), headers)
		require.Equal(t, status, res.StatusCode, size)
		reason := "API_KEY_NOT_FOUND"
		if status != http.StatusOK {
			reason = "REQUEST_TOO_LARGE"
		}
		require.Contains(t, readAll(t, res), reason, size)
	}
}

// TestGzipBomb: 60 KB that inflate to 60 MB cost neither memory nor time.
func TestGzipBomb(t *testing.T) {
	r := start(t, settings(t))
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	_, err := w.Write(bytes.Repeat([]byte(" "), 60<<20))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.Less(t, bomb.Len(), 64<<10, "it must pass the bound on what is sent")
	headers := map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + token, "Content-Encoding": "gzip"}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const bombs = 10
	began := time.Now()
	for range bombs {
		res := r.send(t, http.MethodPost, listPath, bomb.String(), headers)
		require.Equal(t, http.StatusTooManyRequests, res.StatusCode)
		require.Contains(t, readAll(t, res), "REQUEST_TOO_LARGE")
	}
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(bombs*10<<20), "10 MiB each")
	require.Less(t, took, bombs*time.Second)
	t.Logf("%s and %d KiB each", took/bombs, (after.TotalAlloc-before.TotalAlloc)/bombs>>10)
	// And a small one is read.
	var small bytes.Buffer
	w = gzip.NewWriter(&small)
	_, err = w.Write([]byte("{}"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.Equal(t, http.StatusOK, r.send(t, http.MethodPost, listPath, small.String(), headers).StatusCode)
}

// TestStreams: the server tells HTTP/2 clients how many calls at once it takes.
func TestStreams(t *testing.T) {
	r := start(t, settings(t))
	conn, err := net.Dial("tcp", r.Addr())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(soon)))
	_, err = io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"+"\x00\x00\x00\x04\x00\x00\x00\x00\x00")
	require.NoError(t, err)
	// RFC 9113: a frame is 3 bytes length, type, flags, 4 bytes stream; SETTINGS
	// is type 4, and setting 3 is MAX_CONCURRENT_STREAMS.
	var header [9]byte
	_, err = io.ReadFull(conn, header[:])
	require.NoError(t, err)
	require.EqualValues(t, 4, header[3])
	payload := make([]byte, int(header[1])<<8|int(header[2]))
	_, err = io.ReadFull(conn, payload)
	require.NoError(t, err)
	told := map[uint16]uint32{}
	for ; len(payload) >= 6; payload = payload[6:] {
		told[binary.BigEndian.Uint16(payload)] = binary.BigEndian.Uint32(payload[2:])
	}
	require.EqualValues(t, 250, told[3])
}
