module example.com/rocksdb

go 1.25

require github.com/linxGnu/grocksdb v1.11.1
