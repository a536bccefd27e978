package pkgconfig

import "github.com/graft-build/graft/internal/format/pc"

// flagList collects flags with pkgconf's rules for repetitions: of -I, -L and -F the first one
// stays, of -l and most others the last one, and flags that pc.Whole knows all stay. It is a
// linked list in slices, so that hostile input costs no more than its length.
type flagList struct {
	nodes      []flagNode
	head, tail int            // 1 + index, 0 for none
	last       map[string]int // the last node of each flag, 1 + index
}

type flagNode struct {
	flag             pc.Flag
	prev, next, same int // 1 + index; same is the node before this one with an equal flag
}

func (l *flagList) add(f pc.Flag, private bool) {
	key := key(f)
	at := l.last[key]
	back := mergesBack(f, private)
	switch {
	case at != 0 && back && !private && !whole(f):
		if l.dropsEarlier(at) {
			l.last[key] = l.nodes[at-1].same
			l.unlink(at)
		}
	case at != 0 && !private && !back:
		return
	}
	if l.last == nil {
		l.last = map[string]int{}
	}
	l.nodes = append(l.nodes, flagNode{flag: f, prev: l.tail, same: l.last[key]})
	n := len(l.nodes)
	if l.tail != 0 {
		l.nodes[l.tail-1].next = n
	} else {
		l.head = n
	}
	l.tail, l.last[key] = n, n
}

func key(f pc.Flag) string {
	k := string([]byte{f.Type}) + f.Data
	for _, a := range f.Args {
		k += "\x00" + a
	}
	return k
}

func (l *flagList) unlink(at int) {
	n := l.nodes[at-1]
	if n.prev != 0 {
		l.nodes[n.prev-1].next = n.next
	} else {
		l.head = n.next
	}
	if n.next != 0 {
		l.nodes[n.next-1].prev = n.prev
	} else {
		l.tail = n.prev
	}
}

// dropsEarlier says whether a flag may go because the same one comes again: not when it might
// belong to the one before it.
func (l *flagList) dropsEarlier(at int) bool {
	n := l.nodes[at-1]
	if n.prev == 0 {
		return true
	}
	switch before := l.nodes[n.prev-1].flag.Type; before {
	case 'l', 'L', 'I':
		return true
	default:
		return n.flag.Type == 0 || before == n.flag.Type
	}
}

func (l *flagList) flags() []pc.Flag {
	var out []pc.Flag
	for i := l.head; i != 0; i = l.nodes[i-1].next {
		out = append(out, l.nodes[i-1].flag)
	}
	return out
}

func mergesBack(f pc.Flag, private bool) bool {
	switch f.Type {
	case 'l':
		return !private
	case 'F', 'L', 'I':
		return false
	}
	return true
}

func whole(f pc.Flag) bool { return f.Type == 0 && pc.Whole(f.Data) }
