module example.com/zstd

go 1.25

require github.com/DataDog/zstd v1.5.7
