module example.com/pkcs11

go 1.25

require github.com/miekg/pkcs11 v1.1.2
