# forApp: what an application's flake offers to itself and to its plugins' flakes.
{
  graftFor, # system → graft
  zigRelease, # internal/toolchain/zig.json
  systems, # names of the systems that nixpkgs has
  pluginMetadata,
}:
let
  inherit (builtins)
    concatStringsSep
    elem
    filter
    head
    map
    mapAttrs
    pathExists
    replaceStrings
    toString
    ;
  accept = import ./args.nix;
  fetch = import ./fetch.nix;
  hosts = import ./systems.nix;
  locks = import ./locks.nix;
  run = import ./run.nix;
  sources = import ./sources.nix;

  # What forApp takes and every function of it takes anew.
  settings = {
    plugins = null; # null: those that the application's graft.yaml names
    lock = null;
    modules = { };
    version = null;
    tags = [ ];
    mirrors = { };
    goproxy = fetch.goproxy;
  };

  forApp =
    args:
    let
      app = accept "forApp" [ "src" "pname" ] settings args;
      inherit (app) pname;
      source = sources.read "src of ${pname}" app.src;

      # ownLocks are those of the application.
      ownLocks = givenLock "forApp" app.lock ++ locks.beside source;

      # dist is what graft build writes into dist/: the artifact, SHA256SUMS, graft.lock, …
      dist =
        function: settings: system: target: format: callLock:
        let
          graft = graftFor system;
          host = hosts.${system};
          given = if settings.plugins == null then [ ] else settings.plugins;
          plugins = map (sources.read "a plugin of ${pname}") given;
          own = settings.plugins == null; # the manifest's own
          files = givenLock function callLock ++ ownLocks ++ builtins.concatMap locks.beside plugins;
          chosen = locks.select {
            who = pname;
            inherit files target host system;
            image = format == "oci" || format == "docker";
            want = {
              app = moduleOf source;
              plugins = if own then null else map moduleOf plugins;
            };
            # The lock of an application with other plugins than it names itself lies where
            # --out says, and has to be named.
            arguments =
              if own then
                ""
              else if given == [ ] then
                " ${folderOf source} --plugin '' --out ."
              else
                " ${folderOf source} ${concatStringsSep " " (map (p: "--plugin ${folderOf p}") plugins)} --out .";
            after = if own then "git add graft.lock" else "git add graft.lock and say lock = ./graft.lock";
          };
          mirrors = checkMirrors function settings.mirrors;
        in
        run {
          inherit graft system;
          name = "${pname}-${plain target}-${plain format}";
          plan = {
            "do" = "build";
            app = sources.check "src of ${pname}" source;
            plugins = if own then null else map (p: p.module or (sources.check "a plugin of ${pname}" p)) plugins;
            modules = mapAttrs (
              path: value: sources.check "module ${path}" (sources.read "module ${path}" value)
            ) settings.modules;
            name = pname;
            inherit (settings) version tags;
            targets = [ target ];
            formats = [ format ];
            locks = map (f: "${f}") files;
            go = "${goFor graft system chosen settings.goproxy}";
            zig = if chosen.cgo then "${zigFor graft system host mirrors}" else null;
            moduleFiles = map (record: {
              inherit (record) path;
              file = "${fetch.module settings.goproxy record}";
            }) chosen.moduleFiles;
            packages = map (record: {
              inherit (record) sha256;
              file = "${fetch.package mirrors record.repository record}";
            }) chosen.packages;
          };
        };

      # unpacked is a program in bin/, ready to start, with the rest of a dist beside it.
      unpacked =
        system: target: format: into: from:
        run {
          inherit system;
          graft = graftFor system;
          name = "${pname}-${plain target}";
          plan = {
            "do" = "unpack";
            from = "${from}";
            inherit format into;
          };
        }
        // {
          dist = from;
        };

      # call reads the arguments of one of the functions below.
      call =
        function: required: more: args:
        let
          defaults = removeAttrs app [ "src" "pname" ] // { lock = null; } // more;
          own = accept function ([ "system" ] ++ required) defaults args;
        in
        own
        // {
          dist = target: format: dist function own own.system target format own.lock // { meta = { }; };
        };
      described = mainProgram: drv: drv // { meta = { inherit mainProgram; }; };
    in
    builtins.seq app {
      inherit pluginMetadata;

      # forSystems makes a flake's packages: what f gives for every system whose Go toolchain the
      # application's lock has; for all when there is none, so that the error says what to do.
      forSystems =
        f:
        let
          locked = filter (s: elem s systems) (locks.hosts hosts ownLocks);
          names = if locked == [ ] then systems else locked;
        in
        {
          packages = builtins.listToAttrs (map (name: { inherit name; value = f name; }) names);
        };

      # buildApp is the application for the system itself: nix run starts it.
      buildApp =
        args:
        let
          c = call "buildApp" [ ] { } args;
          target = hosts.${c.system}.target or c.system;
        in
        described pname (unpacked c.system target "tar.gz" "" (c.dist target "tar.gz"));

      crossBuildRPi4App =
        args:
        let
          c = call "crossBuildRPi4App" [ ] { } args;
        in
        described pname (unpacked c.system "rpi4" "tar.gz" "" (c.dist "rpi4" "tar.gz"));

      crossBuildRPi4Deb = args: (call "crossBuildRPi4Deb" [ ] { } args).dist "rpi4" "deb";

      crossBuildWin64App =
        args:
        let
          c = call "crossBuildWin64App" [ ] { } args;
        in
        described "windows_amd64/${pname}.exe" (
          unpacked c.system "windows/amd64" "zip" "bin/windows_amd64" (c.dist "windows/amd64" "zip")
        );

      # containerImage is an image of the application with a list of plugins, as a file to load.
      containerImage =
        args:
        let
          c = call "containerImage" [ ] { format = "oci"; } args;
        in
        c.dist (hosts.${c.system}.image or c.system) c.format;

      # build is everything else that graft builds: any target in any format.
      build =
        args:
        let
          c = call "build" [ "target" "format" ] { } args;
        in
        c.dist c.target c.format;
    };

  plain = replaceStrings [ "/" ] [ "-" ];

  givenLock =
    function: file:
    if file == null then
      [ ]
    else if pathExists file then
      [ file ]
    else
      throw "graft: ${function}: there is no lock ${toString file}. Run: graft lock --nix, and git add it";

  # moduleOf is a source as locks name it: its module's path, with the version unless it is a
  # folder. null when only a build would tell.
  moduleOf =
    source:
    source.module or (
      if source.readable && pathExists (source.dir + "/go.mod") then
        (pluginMetadata (source.dir + "/go.mod")).goModName
      else
        null
    );

  # folderOf is how a source is named to graft lock.
  folderOf =
    p:
    if p ? module then
      p.module
    else if moduleOf p != null then
      "FOLDER-OF-${moduleOf p}"
    else
      p.dir;

  checkMirrors =
    function: mirrors:
    let
      unknown = filter (name: !(elem name fetch.mirrorNames)) (builtins.attrNames mirrors);
    in
    if unknown == [ ] then
      mirrors
    else
      throw (
        "graft: ${function}: mirrors.${head unknown}: "
        + "there are ${concatStringsSep ", " fetch.mirrorNames}"
      );

  # Tools are derivations of their own, which all applications share.
  goFor =
    graft: system: chosen: goproxy:
    run {
      inherit graft system;
      name = "go-${chosen.go}";
      plan = {
        "do" = "go";
        zip = "${fetch.module goproxy chosen.toolchain}";
      };
    };
  zigFor =
    graft: system: host: mirrors:
    let
      found = filter (h: h.host == host.zig) zigRelease.hosts;
    in
    if found == [ ] then
      throw "graft: there is no zig for ${system}"
    else
      run {
        inherit graft system;
        name = "zig-${zigRelease.version}";
        plan = {
          "do" = "zig";
          files = map (f: "${f}") (fetch.zig mirrors zigRelease (head found));
        };
      };
in
forApp
