module example.com/bpf

go 1.25

require github.com/aquasecurity/libbpfgo v0.4.5-libbpf-1.0.1
