package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/graft-build/graft/digest"
)

// These tests run several processes on one store: the test binary started again, with its
// part in the environment.
const (
	envRole  = "GRAFT_STORE_TEST_ROLE"
	envStore = "GRAFT_STORE_TEST_DIR"
)

func TestMain(m *testing.M) {
	role := os.Getenv(envRole)
	if role == "" {
		os.Exit(m.Run())
	}
	s, err := Open(os.Getenv(envStore))
	if err == nil {
		err = roles[role](s)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

var roles = map[string]func(*Store) error{
	"tree":    roleTree,
	"blob":    roleBlob,
	"partial": rolePartial,
	"count":   roleCount,
	"churn":   roleChurn,
	"endless": roleEndless,
}

// announce tells the parent that the interesting point is reached, and waits to be killed.
func announce() {
	fmt.Println("ready")
	select {
	case <-time.After(time.Minute):
	}
}

// roleTree stops in the middle of making a tree.
func roleTree(s *Store) error {
	_, _, err := s.Tree(context.Background(), "kind", digest.OfString("key"), func(_ context.Context, dir string) error {
		if err := os.WriteFile(filepath.Join(dir, "half"), []byte("half"), 0o644); err != nil {
			return err
		}
		announce()
		return nil
	})
	return err
}

// roleBlob stops in the middle of storing one.
func roleBlob(s *Store) error {
	r, w := io.Pipe()
	go func() {
		w.Write([]byte("con"))
		w.Write([]byte("t")) // is taken only when the bytes before are in the file
		announce()
	}()
	_, err := s.PutBlob(digest.OfString("content"), 7, r)
	return err
}

func rolePartial(s *Store) error {
	p, err := s.Partial(context.Background(), digest.OfString("content"))
	if err != nil {
		return err
	}
	if _, err := p.Write([]byte("con")); err != nil {
		return err
	}
	announce()
	return nil
}

// roleCount makes trees of ten keys; each make adds a line to a file outside the store.
func roleCount(s *Store) error {
	for i := range 10 {
		key := digest.OfString(strconv.Itoa(i))
		dir, _, err := s.Tree(context.Background(), "count", key, func(_ context.Context, dir string) error {
			f, err := os.OpenFile(filepath.Join(filepath.Dir(s.dir), "made"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
			if err != nil {
				return err
			}
			fmt.Fprintln(f, i)
			time.Sleep(5 * time.Millisecond)
			return errors.Join(f.Close(), os.WriteFile(filepath.Join(dir, "n"), []byte(strconv.Itoa(i)), 0o644))
		})
		if err != nil {
			return err
		}
		if b, err := os.ReadFile(filepath.Join(dir, "n")); err != nil || string(b) != strconv.Itoa(i) {
			return fmt.Errorf("tree %d holds %q, %v", i, b, err)
		}
	}
	return nil
}

// roleChurn uses everything at once, with GC in between.
func roleChurn(s *Store) error {
	ctx := context.Background()
	for i := range 60 {
		text := strconv.Itoa(i % 7)
		d := digest.OfString(text)
		path, err := s.PutBlob(d, 1, strings.NewReader(text))
		if err != nil {
			return err
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != text {
			return fmt.Errorf("blob %s holds %q, %v", text, b, err)
		}
		if err := s.PutRecord("churn", d, []byte(text)); err != nil {
			return err
		}
		if b, ok := s.Record("churn", d); !ok || string(b) != text {
			return fmt.Errorf("record %s is %q, %v", text, b, ok)
		}
		dir, cleanup, err := s.Temp("churn")
		if err != nil {
			return err
		}
		if i%10 == 0 {
			now := time.Now()
			if _, err := s.GC(ctx, now, now.Add(-MinAge)); err != nil {
				return err
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o644); err != nil {
			return err
		}
		cleanup()
	}
	return nil
}

func child(t *testing.T, s *Store, role string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), envRole+"="+role, envStore+"="+s.dir)
	return cmd
}

// killed runs a role until it announces itself, and kills it there.
func killed(t *testing.T, s *Store, role string) {
	t.Helper()
	cmd := child(t, s, role)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	cmd.Process.Kill()
	cmd.Wait()
	if line != "ready\n" {
		t.Fatalf("the process said %q, %v", line, err)
	}
}

func TestKilledTree(t *testing.T) {
	s := open(t)
	killed(t, s, "tree")
	path, cached, err := s.Tree(t.Context(), "kind", digest.OfString("key"), func(_ context.Context, dir string) error {
		if entries, _ := os.ReadDir(dir); len(entries) > 0 {
			t.Errorf("make begins with %v", entries)
		}
		return os.WriteFile(filepath.Join(dir, "whole"), nil, 0o644)
	})
	if err != nil || cached {
		t.Fatalf("cached %v, %v", cached, err)
	}
	if entries, _ := os.ReadDir(path); len(entries) != 1 || entries[0].Name() != "whole" {
		t.Errorf("the tree holds %v", entries)
	}
	tidy(t, s)
}

func TestKilledBlob(t *testing.T) {
	s := open(t)
	killed(t, s, "blob")
	d := digest.OfString("content")
	if _, ok := s.Blob(d); ok {
		t.Fatal("a half blob is trusted")
	}
	if _, err := s.PutBlob(d, 7, strings.NewReader("content")); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	if freed, err := s.GC(t.Context(), now, now.Add(-MinAge)); err != nil || freed.Entries != 1 || freed.Bytes < 3 {
		t.Errorf("GC freed %+v, %v", freed, err)
	}
	tidy(t, s)
}

func TestKilledPartial(t *testing.T) {
	s := open(t)
	killed(t, s, "partial")
	d := digest.OfString("content")
	if _, ok := s.Blob(d); ok {
		t.Fatal("a half blob is trusted")
	}
	p, err := s.Partial(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if p.Offset() != 3 {
		t.Errorf("offset %d", p.Offset())
	}
	p.Write([]byte("tent"))
	if _, err := p.Commit(7); err != nil {
		t.Error(err)
	}
}

func TestProcesses(t *testing.T) {
	for _, role := range []string{"count", "churn"} {
		t.Run(role, func(t *testing.T) {
			s := open(t)
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					if out, err := child(t, s, role).CombinedOutput(); err != nil {
						t.Errorf("%v: %s", err, out)
					}
				})
			}
			wg.Go(func() {
				if err := roles[role](s); err != nil {
					t.Error(err)
				}
			})
			wg.Wait()
			tidy(t, s)
			if role != "count" {
				return
			}
			b, err := os.ReadFile(filepath.Join(filepath.Dir(s.dir), "made"))
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(b), "\n"); n != 10 {
				t.Errorf("10 trees were made %d times", n)
			}
		})
	}
}

// roleEndless stores blobs, trees and records as fast as it can.
func roleEndless(s *Store) error {
	fmt.Println("ready")
	for i := 0; ; i++ {
		text := strings.Repeat(strconv.Itoa(os.Getpid()*1000+i)+" ", 20_000)
		d := digest.OfString(text)
		if _, err := s.PutBlob(d, -1, strings.NewReader(text)); err != nil {
			return err
		}
		if err := s.PutRecord("endless", d, []byte(text)); err != nil {
			return err
		}
		_, _, err := s.Tree(context.Background(), "endless", d, func(_ context.Context, dir string) error {
			for j := range 20 {
				if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(j)), []byte(text[:1000]), 0o644); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// TestKilledAnywhere kills processes at no particular point and checks everything that the
// store then trusts.
func TestKilledAnywhere(t *testing.T) {
	s := open(t)
	for i := range 12 {
		cmd := child(t, s, "endless")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(3+5*i) * time.Millisecond)
		cmd.Process.Kill()
		cmd.Wait()
	}
	blobs, err := filepath.Glob(filepath.Join(s.dir, "blobs", "sha256", "*", "*"))
	if err != nil || len(blobs) == 0 {
		t.Fatalf("no blobs were stored, %v", err)
	}
	for _, path := range blobs {
		if d, _, err := digest.OfFile(path); err != nil || d.Hex() != filepath.Base(path) {
			t.Errorf("blob %s holds %s, %v", filepath.Base(path), d.Hex(), err)
		}
	}
	trees, err := filepath.Glob(filepath.Join(s.dir, "trees", "endless", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range trees {
		entries, err := os.ReadDir(path)
		if err != nil || len(entries) != 20 {
			t.Errorf("tree %s holds %d files, %v", path, len(entries), err)
		}
	}
	records, err := filepath.Glob(filepath.Join(s.dir, "records", "endless", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range records {
		key, err := digest.Parse(filepath.Base(path))
		if err != nil {
			t.Fatal(err)
		}
		if b, ok := s.Record("endless", key); !ok || digest.Of(b) != key {
			t.Errorf("record %s is damaged", path)
		}
	}
	now := time.Now().Add(2 * MinAge)
	if _, err := s.GC(t.Context(), now, now.Add(-MinAge)); err != nil {
		t.Error(err)
	}
	tidy(t, s)
}
