module example.com/blst

go 1.25

require github.com/supranational/blst v0.3.17
