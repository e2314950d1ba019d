// How JSON is read and written, and what a caller is told of a request that
// cannot be read.

package rpc

import (
	"errors"
	"io"
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

// maxMessage is the longest text about a request that is sent back: what could
// not be read is quoted in it, and gRPC sends it in a header.
const maxMessage = 1000

// requestMessage is what a caller reads about a request that could not be read
// or did not pass the validation.
func requestMessage(raised *connect.Error) string {
	// The protobuf runtime varies this blank on purpose.
	message := strings.ReplaceAll(raised.Message(), "\u00a0", " ")
	if unreadable, ok := strings.CutPrefix(message, "unmarshal message: "); ok {
		message = "the request cannot be read: " + strings.TrimPrefix(unreadable, "proto: ")
	}
	if len(message) > maxMessage {
		message = strings.ToValidUTF8(message[:maxMessage], "") + "..."
	}
	return message
}

// unreadable is an error of reading a request as the client's fault: Connect
// calls a broken frame internal or unknown, which is what a defect of the server is.
func unreadable(err error) error {
	var raised *connect.Error
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	if errors.As(err, &raised) && connectReasons[raised.Code()] != "" {
		return err
	}
	return connect.NewError(connect.CodeInvalidArgument, "the request cannot be read").WithCause(err)
}
