// Lists that come in pages.

package cli

import "errors"

// maxPageSize is the most that the server puts on a page.
const maxPageSize = 1000

// list is what came of reading pages.
type list[T any] struct {
	items []T
	// next is the token of the page after the items, where there is one that
	// begins exactly there.
	next string
	// more says that there is more than the items.
	more bool
}

// readPages calls fetch, beginning with an empty token, until there is no more
// or there are at least most items (0: all), of which it keeps most.
func readPages[T any](most int, fetch func(token string) ([]T, string, error)) (list[T], error) {
	var all list[T]
	for {
		items, next, err := fetch(all.next)
		if err != nil {
			return list[T]{}, err
		}
		if next != "" && next == all.next {
			return list[T]{}, errors.New("the server answered with the same page again")
		}
		all.items = append(all.items, items...)
		all.next, all.more = next, next != ""
		if most > 0 && len(all.items) > most {
			all.items, all.next, all.more = all.items[:most], "", true
		}
		if !all.more || most > 0 && len(all.items) == most {
			return all, nil
		}
	}
}
