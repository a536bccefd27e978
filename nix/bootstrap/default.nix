# Graft itself, built by the go of nixpkgs without a shell and without nixpkgs' stdenv: its
# builders are the go command and a small Go program.
{
  system,
  go, # the go of nixpkgs, any version from 1.21 on
  source, # graft's repository
}:
let
  inherit (builtins)
    baseNameOf
    filter
    fromJSON
    map
    match
    placeholder
    readFile
    toJSON
    ;
  fetch = import ../fetch.nix;
  host = (import ../systems.nix).${system};
  lock = fromJSON (readFile (source + "/graft.lock"));

  # program is the compiled main.go. Go wants a cache and a home, whose names it must know
  # before $NIX_BUILD_TOP is known: so they are an output of their own, which nothing needs.
  program = derivation {
    name = "graft-bootstrap";
    inherit system;
    outputs = [
      "out"
      "cache"
    ];
    builder = "${go}/bin/go";
    args = [
      "build"
      "-trimpath"
      "-o"
      (placeholder "out")
      "${./main.go}"
    ];
    HOME = placeholder "cache";
    GOCACHE = placeholder "cache";
    GOPATH = placeholder "cache";
    GOENV = "off";
    GO111MODULE = "off";
    GOTOOLCHAIN = "local";
    CGO_ENABLED = "0";
  };

  # Only what is compiled, so that documents, tests and examples rebuild nothing.
  compiled = builtins.path {
    name = "graft-source";
    path = source;
    filter =
      path: type:
      let
        name = baseNameOf path;
        isTest = match ".*_test\\.go" name != null;
        top = baseNameOf (dirOf path) == baseNameOf (toString source);
        topFolder = builtins.elem name [
          "cmd"
          "digest"
          "event"
          "internal"
          "lock"
          "manifest"
          "target"
        ];
        topFile = name == "go.mod" || name == "go.sum" || match ".*\\.go" name != null;
      in
      if type == "directory" then
        name != "testdata" && (!top || topFolder)
      else
        !isTest && (!top || topFile);
  };

  isToolchain = record: match "golang\\.org/toolchain/.*" record.path != null;
  isOurs =
    record: record.path == "golang.org/toolchain/@v/v0.0.1-go${lock.go}.${host.go}.zip";
  files = filter (record: !isToolchain record || isOurs record) lock.moduleFiles;

  meta = {
    description = "Builds a Go application with plugins for other systems and packages it";
    homepage = "https://github.com/graft-build/graft";
    license = {
      shortName = "mit";
      spdxId = "MIT";
      fullName = "MIT License";
      free = true;
    };
    mainProgram = "graft";
  };

  ask =
    plan:
    derivation {
      name = "graft";
      inherit system;
      builder = program.out;
      passAsFile = [ "plan" ];
      plan = toJSON plan;
    };

  graft = ask {
    go = "${go}/bin/go";
    # The version that the lock names, from the lock, so that graft is the same whichever go
    # compiles it; the go of nixpkgs where nobody locked one for this system.
    toolchain = if builtins.any isOurs files then "go${lock.go}" else "local";
    source = "${compiled}";
    moduleFiles = map (record: {
      inherit (record) path;
      file = "${fetch.module fetch.goproxy record}";
    }) files;
  };
in
# graft alone is the builder of everything else.
graft
// {
  inherit meta;

  # withGo is for people: graft lock and graft build start the go command, which a system with
  # Nix seldom has in PATH.
  withGo =
    ask {
      graft = "${graft}/bin/graft";
      goroot = "${go}";
    }
    // {
      inherit meta;
    };
}
