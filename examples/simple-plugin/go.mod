module example.com/simple-plugin

go 1.26
