package compose

// StampVar is the string variable of the generated file that the linker fills with what the
// program is composed of (go build -ldflags=-X).
const StampVar = "main.graftComposition__"

// stampCode declares the variable. The assignment keeps the linker from leaving it out as
// unused.
const stampCode = `
// graftComposition__ says what this program is composed of: graft inspect reads it.
var graftComposition__ string

var graftKept__ *string

func init() { graftKept__ = &graftComposition__ }
`
