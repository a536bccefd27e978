module example.com/opus

go 1.25

require gopkg.in/hraban/opus.v2 v2.0.0-20230925203106-0188a62cb302
