module example.com/opencv

go 1.25

require gocv.io/x/gocv v0.25.0
