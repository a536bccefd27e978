module example.com/pam

go 1.25

require github.com/msteinert/pam/v2 v2.1.0
