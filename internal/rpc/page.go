// Page tokens: where the next page of a listing begins.

package rpc

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/satcap/satcap/internal/ledger"
)

const defaultPageSize = 50

// errPageToken: the token was not returned for this request.
var errPageToken = errors.New("rpc: page token does not belong to this request")

// paged is a request for a page.
type paged interface {
	proto.Message
	GetPageSize() int32
	GetPageToken() string
}

// pageSize is how many entries to return.
func pageSize(req paged) int {
	if n := int(req.GetPageSize()); n > 0 {
		return n
	}
	return defaultPageSize
}

// pageToken names the place after the last entry of a page of req.
func pageToken(req paged, place ...int64) string {
	token := binary.BigEndian.AppendUint32(nil, fingerprint(req))
	for _, p := range place {
		token = binary.AppendVarint(token, p)
	}
	return base64.RawURLEncoding.EncodeToString(token)
}

// pagePlace reads a token into the places, which keep their values if there is
// no token.
func pagePlace(req paged, places ...*int64) error {
	if req.GetPageToken() == "" {
		return nil
	}
	token, err := base64.RawURLEncoding.DecodeString(req.GetPageToken())
	if err != nil || len(token) < 4 || binary.BigEndian.Uint32(token) != fingerprint(req) {
		return errPageToken
	}
	token = token[4:]
	for _, place := range places {
		value, n := binary.Varint(token)
		if n <= 0 {
			return errPageToken
		}
		*place, token = value, token[n:]
	}
	if len(token) != 0 {
		return errPageToken
	}
	return nil
}

// fingerprint tells requests apart that list different things. The page's size
// may change from page to page.
func fingerprint(req paged) uint32 {
	bare := proto.Clone(req)
	m := bare.ProtoReflect()
	for _, name := range []protoreflect.Name{"page_size", "page_token"} {
		m.Clear(m.Descriptor().Fields().ByName(name))
	}
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(bare)
	if err != nil {
		return 0
	}
	return crc32.ChecksumIEEE(append([]byte(m.Descriptor().FullName()), data...))
}

// halves splits an id into two places of a token; joined puts it together.
func halves(id ledger.KeyID) (high, low int64) {
	return int64(binary.BigEndian.Uint64(id[:8])), int64(binary.BigEndian.Uint64(id[8:]))
}

func joined(high, low int64) (id ledger.KeyID) {
	binary.BigEndian.PutUint64(id[:8], uint64(high))
	binary.BigEndian.PutUint64(id[8:], uint64(low))
	return id
}
