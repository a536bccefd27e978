module example.com/fuse

go 1.25

require github.com/winfsp/cgofuse v1.6.0
