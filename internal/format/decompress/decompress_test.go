package decompress

import (
	"bytes"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	ulikunitz "github.com/ulikunitz/xz"
)

// writers are other people's encoders. What they wrote must come back.
var writers = map[string]func(io.Writer) (io.WriteCloser, error){
	"xz":   func(w io.Writer) (io.WriteCloser, error) { return ulikunitz.NewWriter(w) },
	"gzip": func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil },
	"zstd": func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) },
}

func compress(t testing.TB, format string, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := writers[format](&out)
	if err == nil {
		_, err = w.Write(b)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func open(r io.Reader) ([]byte, error) {
	d, err := Open("file", r)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return io.ReadAll(d)
}

func TestOpen(t *testing.T) {
	for _, content := range []string{"", "a", strings.Repeat("hello, world\n", 20_000)} {
		for format := range writers {
			raw := compress(t, format, []byte(content))
			for _, r := range []io.Reader{bytes.NewReader(raw), iotest.HalfReader(bytes.NewReader(raw)), iotest.DataErrReader(bytes.NewReader(raw))} {
				if got, err := open(r); err != nil || string(got) != content {
					t.Errorf("%s of %d bytes: got %d, %v", format, len(content), len(got), err)
				}
			}
		}
		if got, err := open(strings.NewReader(content)); err != nil || string(got) != content {
			t.Errorf("plain %d bytes: got %d, %v", len(content), len(got), err)
		}
	}
}

func TestDamage(t *testing.T) {
	content := []byte(strings.Repeat("hello, world\n", 2000))
	for format := range writers {
		raw := compress(t, format, content)
		for n := 6; n < len(raw); n++ {
			got, err := open(bytes.NewReader(raw[:n]))
			if err == nil && !bytes.Equal(got, content) {
				t.Errorf("%s cut at %d of %d: no error", format, n, len(raw))
			}
			if err != nil && !strings.Contains(err.Error(), "decompress file") {
				t.Errorf("%s: error %v", format, err)
			}
		}
		for i := range raw {
			bad := bytes.Clone(raw)
			bad[i] ^= 0x10
			if got, err := open(bytes.NewReader(bad)); err == nil && i > 12 && !bytes.Equal(got, content) {
				t.Errorf("%s with byte %d changed: no error", format, i)
			}
		}
	}
	cause := errors.New("the disk broke")
	for format := range writers {
		raw := compress(t, format, content)
		if _, err := open(io.MultiReader(bytes.NewReader(raw[:len(raw)/2]), iotest.ErrReader(cause))); !errors.Is(err, cause) {
			t.Errorf("%s: error %v", format, err)
		}
	}
	if _, err := open(iotest.ErrReader(cause)); !errors.Is(err, cause) {
		t.Errorf("error %v", err)
	}
}

// TestMemory is about streams that ask for more memory than they may have.
func TestMemory(t *testing.T) {
	if _, err := exec.LookPath("xz"); err != nil {
		t.Skip("xz is not installed")
	}
	for arg, ok := range map[string]bool{"dict=64MiB": true, "dict=65MiB": false, "dict=1GiB": false} {
		cmd := exec.Command("xz", "-c", "--lzma2=preset=0,"+arg)
		cmd.Stdin = strings.NewReader("small")
		raw, err := cmd.Output()
		if err != nil {
			t.Skipf("xz with %s: %v", arg, err)
		}
		if _, err := open(bytes.NewReader(raw)); (err == nil) != ok {
			t.Errorf("%s: %v", arg, err)
		}
	}
	var big bytes.Buffer
	w, err := zstd.NewWriter(&big, zstd.WithWindowSize(256<<20), zstd.WithSingleSegment(false))
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte("small"))
	w.Flush() // so that the frame does not know its size
	w.Close()
	if _, err := open(&big); err == nil {
		t.Error("zstd with a window of 256 MiB was opened")
	}
}

// TestOracle reads what xz itself writes: several streams, several blocks, each check, the
// filters for machine code that packages may use.
func TestOracle(t *testing.T) {
	if _, err := exec.LookPath("xz"); err != nil {
		t.Skip("xz is not installed")
	}
	content := bytes.Repeat([]byte("some \x00\xeb machine code\n"), 50_000)
	var both []byte
	for _, args := range [][]string{
		{"-9"}, {"-0", "--block-size=100000"}, {"--check=none"}, {"--check=crc32"}, {"--check=sha256"},
		{"--armthumb", "--lzma2"}, {"--arm", "--lzma2"}, {"--x86", "--lzma2"}, {"-T2"},
	} {
		cmd := exec.Command("xz", append([]string{"-c"}, args...)...)
		cmd.Stdin = bytes.NewReader(content)
		raw, err := cmd.Output()
		if err != nil {
			t.Fatalf("xz %v: %v", args, err)
		}
		if got, err := open(bytes.NewReader(raw)); err != nil || !bytes.Equal(got, content) {
			t.Errorf("xz %v: got %d bytes, %v", args, len(got), err)
		}
		both = append(both, raw...)
	}
	if got, err := open(bytes.NewReader(both)); err != nil || len(got) != 9*len(content) {
		t.Errorf("nine streams: %d bytes, %v", len(got), err)
	}
}

func FuzzOpen(f *testing.F) {
	for format := range writers {
		f.Add(compress(f, format, []byte(strings.Repeat("hello ", 100))))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := Open("file", bytes.NewReader(raw))
		if err != nil {
			return
		}
		defer d.Close()
		// A few bytes may stand for gigabytes; limits are the caller's.
		io.Copy(io.Discard, io.LimitReader(d, 4<<20))
	})
}
