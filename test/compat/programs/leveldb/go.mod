module example.com/leveldb

go 1.25

require github.com/jmhodges/levigo v1.0.0
