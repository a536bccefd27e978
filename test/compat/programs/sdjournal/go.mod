module example.com/sdjournal

go 1.25

require github.com/coreos/go-systemd/v22 v22.7.0
