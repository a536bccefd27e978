module example.com/mainapp

go 1.26
