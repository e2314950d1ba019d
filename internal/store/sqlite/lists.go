// Lists for statements about many rows: SQLite has no arrays, so they are JSON.

package sqlite

import (
	"encoding/hex"
	"encoding/json"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// idList is a JSON array of ids in hexadecimal digits.
func idList(ids []ledger.KeyID) string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = hex.EncodeToString(id[:])
	}
	return array(list)
}

// nameList is a JSON array of pairs: the id of a key, and a name.
func nameList(names []store.Name) string {
	list := make([][2]string, len(names))
	for i, n := range names {
		list[i] = [2]string{hex.EncodeToString(n.KeyID[:]), n.ID}
	}
	return array(list)
}

func array(list any) string {
	text, err := json.Marshal(list)
	if err != nil {
		panic(err) // lists of strings always encode
	}
	return string(text)
}
