// Failed attempts, and whose they are.

package auth_test

import (
	"encoding/binary"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/auth"
)

func TestFailures(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	f := auth.NewFailures(func() time.Time { return now })
	bad, good := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	require.False(t, f.Exhausted(bad))
	require.Zero(t, f.Len(), "looking is not counting")
	for i := range 20 {
		require.False(t, f.Exhausted(bad), "after %d", i)
		require.ErrorIs(t, f.Refuse(bad), auth.ErrUnauthenticated)
	}
	require.True(t, f.Exhausted(bad))
	require.False(t, f.Exhausted(good))
	require.False(t, f.Exhausted(netip.MustParseAddr("::")))
	for range 1000 {
		require.ErrorIs(t, f.Refuse(bad), auth.ErrTooManyFailures) // more do not make it worse
	}
	now = now.Add(999 * time.Millisecond)
	require.True(t, f.Exhausted(bad))
	now = now.Add(time.Millisecond)
	require.False(t, f.Exhausted(bad), "one more each second")
	_ = f.Refuse(bad)
	require.True(t, f.Exhausted(bad))
	now = now.Add(time.Hour)
	for range 20 {
		require.False(t, f.Exhausted(bad))
		_ = f.Refuse(bad)
	}
	require.True(t, f.Exhausted(bad), "never more than at the beginning")
}

// TestFailuresOfANetwork: an IPv6 host chooses its address from a /64.
func TestFailuresOfANetwork(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	for text, same := range map[string]map[string]bool{
		"2001:db8:0:1::1":  {"2001:db8:0:1:ffff:ffff:ffff:ffff": true, "2001:db8:0:2::1": false, "2001:db8::1": false, "192.0.2.1": false},
		"192.0.2.1":        {"::ffff:192.0.2.1": true, "192.0.2.0": false, "192.0.2.3": false, "::c000:201": false},
		"::ffff:192.0.2.9": {"192.0.2.9": true, "::ffff:192.0.2.8": false, "::1": false},
		"fe80::1%eth0":     {"fe80::2%eth1": true, "fe80::1": true, "fe80:0:0:1::1": false},
	} {
		f := auth.NewFailures(func() time.Time { return now })
		for range 20 {
			_ = f.Refuse(netip.MustParseAddr(text))
		}
		require.True(t, f.Exhausted(netip.MustParseAddr(text)), text)
		for other, want := range same {
			require.Equal(t, want, f.Exhausted(netip.MustParseAddr(other)), "%s for %s", other, text)
		}
	}
	f := auth.NewFailures(func() time.Time { return now })
	for range 20 {
		_ = f.Refuse(netip.Addr{}) // an address that could not be read
	}
	require.True(t, f.Exhausted(netip.Addr{}))
	require.False(t, f.Exhausted(netip.IPv4Unspecified()))
	require.False(t, f.Exhausted(netip.IPv6Unspecified()))
}

// TestFailuresAreBounded: addresses without end cost no memory without end.
func TestFailuresAreBounded(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	f := auth.NewFailures(func() time.Time { return now })
	last := netip.MustParseAddr("192.0.2.1")
	for range 20 {
		_ = f.Refuse(last)
	}
	for i := range auth.FailureAddresses + 1000 {
		var address [16]byte
		binary.BigEndian.PutUint64(address[:], uint64(i)+0x2001_0db8_0000_0000)
		_ = f.Refuse(netip.AddrFrom16(address))
		require.True(t, f.Exhausted(last), "who is busy is remembered")
	}
	require.Equal(t, 50_000, f.Len())
}

func TestClient(t *testing.T) {
	t.Parallel()
	proxies, err := auth.ParseProxies([]string{"10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::ffff:198.51.100.1", "172.16.5.9/12", "::ffff:198.18.0.0/112"})
	require.NoError(t, err)
	for name, test := range map[string]struct {
		remote    string
		forwarded []string
		want      string
	}{
		"nothing forwarded":            {"203.0.113.1:5", nil, "203.0.113.1"},
		"spoofed":                      {"203.0.113.1:5", []string{"1.2.3.4"}, "203.0.113.1"},
		"spoofed as a proxy":           {"203.0.113.1:5", []string{"1.2.3.4, 10.0.0.1"}, "203.0.113.1"},
		"by a proxy":                   {"10.1.2.3:5", []string{"1.2.3.4"}, "1.2.3.4"},
		"by a single proxy":            {"192.0.2.7:5", []string{"1.2.3.4"}, "1.2.3.4"},
		"beside a single proxy":        {"192.0.2.8:5", []string{"1.2.3.4"}, "192.0.2.8"},
		"by an IPv6 proxy":             {"[2001:db8::1]:5", []string{"2001:db9::5"}, "2001:db9::5"},
		"by a mapped address":          {"[::ffff:10.1.2.3]:5", []string{"::ffff:1.2.3.4"}, "1.2.3.4"},
		"by a proxy given as mapped":   {"198.51.100.1:5", []string{"1.2.3.4"}, "1.2.3.4"},
		"by a proxy of a sloppy range": {"172.31.0.1:5", []string{"1.2.3.4"}, "1.2.3.4"},
		"the client's own words first": {"10.1.2.3:5", []string{"9.9.9.9, 1.2.3.4"}, "1.2.3.4"},
		"a chain of proxies":           {"10.1.2.3:5", []string{"9.9.9.9, 1.2.3.4, 192.0.2.7, 10.9.9.9"}, "1.2.3.4"},
		"in several headers":           {"10.1.2.3:5", []string{"9.9.9.9", "1.2.3.4", "10.9.9.9"}, "1.2.3.4"},
		"proxies only":                 {"10.1.2.3:5", []string{"10.0.0.1, 10.0.0.2"}, "10.0.0.1"},
		"nothing by a proxy":           {"10.1.2.3:5", nil, "10.1.2.3"},
		"an empty header":              {"10.1.2.3:5", []string{""}, "10.1.2.3"},
		"no address":                   {"10.1.2.3:5", []string{"1.2.3.4, unknown"}, "10.1.2.3"},
		"no address farther away":      {"10.1.2.3:5", []string{"1.2.3.4, unknown, 10.0.0.2"}, "10.0.0.2"},
		"by a mapped range":            {"198.18.200.1:5", []string{"1.2.3.4"}, "1.2.3.4"},
		"beside a mapped range":        {"198.19.0.1:5", []string{"1.2.3.4"}, "198.19.0.1"},
		"with a port":                  {"10.1.2.3:5", []string{"1.2.3.4:567"}, "1.2.3.4"},
		"with a port, IPv6":            {"10.1.2.3:5", []string{"[2001:db9::5]:567, 10.0.0.1:8"}, "2001:db9::5"},
		"blanks":                       {"10.1.2.3:5", []string{"  1.2.3.4\t"}, "1.2.3.4"},
		"no connection":                {"@", []string{"1.2.3.4"}, ""},
	} {
		req := &http.Request{RemoteAddr: test.remote, Header: http.Header{"X-Forwarded-For": test.forwarded, "X-Real-Ip": {"8.8.8.8"}, "Forwarded": {"for=8.8.8.8"}}}
		var want netip.Addr
		if test.want != "" {
			want = netip.MustParseAddr(test.want)
		}
		require.Equal(t, want, proxies.Client(req), name)
		if test.remote != "@" {
			direct := netip.MustParseAddrPort(test.remote).Addr().Unmap()
			require.Equal(t, direct, auth.Proxies(nil).Client(req), "%s: without proxies nothing is believed", name)
		}
	}
	for _, bad := range []string{"", "10.0.0.0/33", "10.0.0", "localhost", "10.0.0.1:80", "::/129", "10.0.0.0/8,10.0.0.1", "*"} {
		_, err := auth.ParseProxies([]string{"10.0.0.1", bad})
		require.ErrorContains(t, err, "neither an address nor a network", "%q", bad)
	}
}
