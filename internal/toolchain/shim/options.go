package shim

// options is row 4 of the list of traps and more: what zig 0.16 rejects.
var options = optionTable()

func optionTable() map[string]option {
	options := map[string]option{
		"push-state":            {do: change, change: pushState},
		"pop-state":             {do: change, change: popState},
		"Bstatic":               {do: change, change: setStatic(true)},
		"dn":                    {do: change, change: setStatic(true)},
		"non_shared":            {do: change, change: setStatic(true)},
		"static":                {do: change, change: setStatic(true)},
		"Bdynamic":              {do: change, change: setStatic(false)},
		"dy":                    {do: change, change: setStatic(false)},
		"call_shared":           {do: change, change: setStatic(false)},
		"as-needed":             {do: change, change: setAsNeeded(true)},
		"no-as-needed":          {do: change, change: setAsNeeded(false)},
		"whole-archive":         {do: change, change: setWhole(true)},
		"no-whole-archive":      {do: change, change: setWhole(false)},
		"z":                     {value: true, do: change, change: keyword},
		"rpath":                 {value: true, do: change, change: runPath},
		"R":                     {value: true, do: change, change: runPath},
		"dynamic-linker":        {value: true, do: change, change: loader},
		"I":                     {value: true, do: change, change: loader},
		"export-dynamic-symbol": {value: true, do: change, change: exportDynamic},
		"dynamic-list":          {value: true, do: change, change: exportDynamic},
		"E":                     {do: change, change: exportDynamic},
		"undefined":             {value: true, do: change, change: asWl("-u")},
		"u":                     {value: true, do: change, change: asWl("-u")},
		"e":                     {value: true, do: change, change: asWl("-e")},
		"entry":                 {value: true, do: change, change: asWl("-e")},
		"h":                     {value: true, do: change, change: asWl("-soname")},
		"soname":                {value: true, do: change, change: asWl("-soname")},
		"unresolved-symbols":    {value: true, do: change, change: unresolved},
		"(":                     {do: change, change: asWord("-Wl,--start-group")},
		")":                     {do: change, change: asWord("-Wl,--end-group")},
		"pie":                   {do: change, change: asWord("-pie")},
		"pic-executable":        {do: change, change: asWord("-pie")},
		"shared":                {do: change, change: asWord("-shared")},
		"Bshareable":            {do: change, change: asWord("-shared")},
		"s":                     {do: change, change: linkerStrip(stripAll)},
		"strip-all":             {do: change, change: linkerStrip(stripAll)},
		"S":                     {do: change, change: linkerStrip(stripDebug)},
		"strip-debug":           {do: change, change: linkerStrip(stripDebug)},
		"l":                     {value: true, do: change, change: linkerLibrary},
		"L":                     {value: true, do: change, change: linkerLibDir},
		"library-path":          {value: true, do: change, change: linkerLibDir},
		"dependency-file":       {value: true, do: change, change: refuse}, // it crashes zig 0.16
		"T":                     {value: true, do: keep},
		"version-script":        {value: true, do: keep},
		"defsym":                {value: true, do: keep},
		"wrap":                  {value: true, do: keep},
		"image-base":            {value: true, do: keep},
		"build-id":              {do: keep},
		"hash-style":            {value: true, do: keep},
		"subsystem":             {value: true, do: keep},
		"out-implib":            {value: true, do: keep},
		"init":                  {value: true, do: keep},
		"fini":                  {value: true, do: keep},
	}
	dropped := func(names ...string) {
		for _, n := range names {
			options[n] = option{do: ignore}
		}
	}
	droppedValue := func(names ...string) {
		for _, n := range names {
			options[n] = option{value: true, do: ignore}
		}
	}
	// Effects that LLD has anyway, does not need, or that change no byte of the output.
	dropped("large-address-aware", "kill-at", "no-insert-timestamp", "insert-timestamp", "disable-dynamicbase",
		"allow-multiple-definition", "warn-common", "fatal-warnings", "no-fatal-warnings", "warn-unresolved-symbols",
		"error-unresolved-symbols", "warn-execstack", "no-warn-execstack", "no-warn-rwx-segments", "warn-rwx-segments",
		"no-warn-mismatch", "Bsymbolic-functions", "no-copy-dt-needed-entries", "copy-dt-needed-entries",
		"no-add-needed", "add-needed", "no-keep-memory", "reduce-memory-overheads", "no-relax", "relax",
		"no-export-dynamic", "fix-cortex-a53-843419", "fix-cortex-a53-835769", "fix-cortex-a8", "no-fix-cortex-a8", "long-plt",
		"no-threads", "demangle", "no-demangle", "no-apply-dynamic-relocs", "rosegment", "no-rosegment",
		"ld-generated-unwind-info", "no-ld-generated-unwind-info", "no-toc-optimize", "G", "M", "X", "cref", "stats",
		"trace", "t", "verbose", "V", "print-gc-sections", "print-map", "print-memory-usage", "v", "O0", "O1", "O2", "O3",
		"undefined-version", "be8", "pic-veneer", "use-blx", "enable-auto-import", "disable-auto-import",
		"enable-runtime-pseudo-reloc", "enable-stdcall-fixup", "disable-runtime-pseudo-reloc", "discard-none")
	droppedValue("rpath-link", "exclude-libs", "icf", "m", "a", "Map", "threads", "thread-count", "y", "trace-symbol", "error-limit",
		"pack-dyn-relocs", "package-metadata", "plugin", "plugin-opt", "spare-dynamic-tags", "sort-common", "sort-section", "O")
	return options
}
