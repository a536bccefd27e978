// Package event is what graft's stages tell while they work: typed values, sent to a
// Sink. Only a user interface (internal/cli) turns them into text.
package event

import "time"

// Event is one of the types of this package.
type Event interface{ event() }

// Sink receives events. It is called from several goroutines at once and must not block.
// A nil Sink is allowed: use Send.
type Sink func(Event)

// Send passes e to the sink, if there is one.
func (s Sink) Send(e Event) {
	if s != nil {
		s(e)
	}
}

// Stage says that a stage of a target begins (Done false) or ended (Done true).
type Stage struct {
	Name   string // "compose", "resolve", "fetch", "sysroot", "compile", "closure", "pack"
	Target string // "" for a stage of the whole composition
	Detail string // what a person wants to know of it: a count, a size
	Done   bool
	Cached bool // with Done: the store had the result
	Took   time.Duration
}

// Bytes is progress in bytes. Done grows to Total for one ID. Total is -1 while unknown.
type Bytes struct {
	ID          string // identifies one transfer or one unpacking among those under way
	Label       string // what it is, for a person: a package's or file's name
	Up          bool   // it is sent, not received
	Done, Total int64
	End         bool // the last event of this ID
}

// Command is a process that graft started.
type Command struct {
	Argv []string
	Env  []string // only what differs from graft's own environment; nil with Scrubbed false
	Dir  string
	Took time.Duration // zero when it starts
	End  bool
	Err  error
}

// Note is a decision that the user might want to know of (-v), such as a dropped flag.
type Note struct {
	Target string
	Text   string
}

// Warning is something that the user should know of, though the work goes on.
type Warning struct {
	Target string
	Text   string
}

func (Stage) event()   {}
func (Bytes) event()   {}
func (Command) event() {}
func (Note) event()    {}
func (Warning) event() {}
