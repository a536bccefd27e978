module example.com/tesseract

go 1.25

require github.com/otiai10/gosseract/v2 v2.4.1
