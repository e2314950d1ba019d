// How JSON is read and written, and what a caller is told of a request that
// cannot be read.

package rpc

import (
	"regexp"
	"strings"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"
)

// codecs are protobuf and a strict JSON: an unknown field is refused, since a
// typo must not set a limit of nothing, and zeros are written, since an absent
// number is read as "not there" by people.
func codecs() []connect.Codec {
	json := connectproto.NewJSONCodec()
	json.UnmarshalOptions.DiscardUnknown = false
	json.MarshalOptions.EmitDefaultValues = true
	return []connect.Codec{connectproto.NewBinaryCodec(), json}
}

// typeName matches what decoders say of Go's types, which is nothing to callers.
var typeName = regexp.MustCompile(`\s*(into|as)?\s*\*?[a-z0-9]+\.[A-Z][A-Za-z0-9_.]*`)

// requestMessage is what a caller reads about a request that could not be read
// or did not pass the validation.
func requestMessage(raised *connect.Error) string {
	// The protobuf runtime varies this blank on purpose.
	message := strings.ReplaceAll(raised.Message(), "\u00a0", " ")
	if unreadable, ok := strings.CutPrefix(message, "unmarshal message: "); ok {
		message = "the request cannot be read: " + strings.TrimPrefix(unreadable, "proto: ")
	}
	return typeName.ReplaceAllString(message, "")
}
