# What the graft.lock files of an application and its plugins say together.
let
  inherit (builtins)
    attrValues
    compareVersions
    concatLists
    concatStringsSep
    filter
    foldl'
    fromJSON
    head
    listToAttrs
    map
    match
    pathExists
    readFile
    ;

  aliases = {
    rpi2 = "rpi4";
    rpi3 = "rpi4";
    rpi5 = "rpi4-64";
  };

  unique =
    key: records:
    attrValues (
      listToAttrs (
        map (record: {
          name = key record;
          value = record;
        }) records
      )
    );

  # Two locks may well hold the same module file, but never with two contents.
  merged =
    a: b:
    if a ? ${b.path} && a.${b.path}.sha256 != b.sha256 then
      throw (
        "graft: the locks of the application and its plugins disagree about the content of "
        + "${b.path}: make them anew with graft lock --nix"
      )
    else
      a // { ${b.path} = b; };
in
{
  # beside finds the lock of a source, as a list of none or one.
  beside =
    source:
    if (source.readable or false) && pathExists (source.dir + "/graft.lock") then
      [ (source.dir + "/graft.lock") ]
    else
      [ ];

  # hosts are the systems whose Go toolchain a list of locks has.
  hosts =
    systems: files:
    let
      records = concatLists (map (f: (fromJSON (readFile f)).moduleFiles or [ ]) files);
      has =
        system:
        let
          zip = "golang\\.org/toolchain/.*\\.${systems.${system}.go}\\.zip";
        in
        builtins.any (r: match zip r.path != null) records;
    in
    filter has (builtins.attrNames systems);

  # select takes from the locks what one build needs:
  #
  #   { go; toolchain; moduleFiles; packages; cgo; }
  #
  # who names the application in errors; arguments are those of graft lock for the composition,
  # and after is what to do with the lock.
  select =
    {
      who,
      files, # the locks, in the order in which graft looks at them
      want, # { app; plugins; }: modules as a lock names them, null where nobody knows yet
      target,
      image, # whether an image is built
      host, # of ./systems.nix
      system,
      arguments,
      after,
    }:
    let
      given = map (f: fromJSON (readFile f)) files;
      name = aliases.${target} or target;
      targetsOf = l: filter (t: t.name == name) (l.targets or [ ]);
      # Like graft: the first lock of just this composition, else all of them together.
      exact = filter (
        l: l.composition.app == want.app && l.composition.plugins == want.plugins && targetsOf l != [ ]
      ) given;
      locks = if exact == [ ] then given else [ (head exact) ];
      targets = concatLists (map targetsOf locks);
      known = concatStringsSep ", " (
        unique (n: n) (map (t: t.name) (concatLists (map (l: l.targets or [ ]) locks)))
      );
      newer = a: b: if compareVersions a b < 0 then b else a;
      go = foldl' newer "0" (map (l: l.go) locks);
      all = foldl' merged { } (concatLists (map (l: l.moduleFiles or [ ]) locks));
      isToolchain = record: match "golang\\.org/toolchain/.*" record.path != null;
      toolchain = "golang.org/toolchain/@v/v0.0.1-go${go}.${host.go}.zip";
      withRepository =
        l: record:
        record
        // {
          repository = head (filter (r: r.id == record.repo) l.repositories);
        };
      packages = concatLists (
        map (l: map (withRepository l) (filter (p: p.target == name) (l.packages or [ ]))) locks
      );
      fail =
        what: nix: flags:
        throw "graft: ${who}: ${what}. Run: graft lock ${nix}${arguments}${flags}, ${after}";
    in
    if files == [ ] then
      fail "there is no graft.lock" "--nix" " --target ${target}"
    else if targets == [ ] then
      fail "no graft.lock has the target ${target} (there are: ${known})" "--nix" " --target ${target}"
    else if image && !(builtins.any (t: t ? repo) targets) then
      fail "no graft.lock has what an image for ${target} needs" "--nix" " --images --target ${target}"
    else if all == { } then
      fail "graft.lock has no moduleFiles, which Nix needs" "--nix" ""
    else if !(all ? ${toolchain}) then
      fail "no graft.lock has the Go toolchain ${go} for ${system}" "--nix=${system}" ""
    else
      {
        inherit go;
        toolchain = all.${toolchain};
        moduleFiles = filter (record: !isToolchain record) (attrValues all);
        packages = unique (p: p.sha256) packages;
        cgo = builtins.any (t: t.cgo or false) targets;
      };
}
