module example.com/treesitter

go 1.25

require github.com/smacker/go-tree-sitter v0.0.0-20240827094217-dd81d9e9be82
