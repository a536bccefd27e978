module example.com/godror

go 1.25

require github.com/godror/godror v0.40.4

require (
	github.com/go-logfmt/logfmt v0.6.0 // indirect
	github.com/godror/knownpb v0.1.1 // indirect
	golang.org/x/exp v0.0.0-20230905200255-921286631fa9 // indirect
	google.golang.org/protobuf v1.30.0 // indirect
)
