# The outputs of graft's flake that other flakes call. See docs/nix.md.
{
  source, # graft's repository
  graftFor, # system → graft
  systems, # names of the systems that nixpkgs has
}:
let
  inherit (builtins)
    fromJSON
    listToAttrs
    map
    readFile
    ;
  modulePath = import ./gomod.nix;

  # pluginMetadata is for flakes that give their plugin as a package, as in the article.
  pluginMetadata =
    goModFile:
    let
      found = modulePath (readFile goModFile);
    in
    {
      goModName = if found == null then throw "graft: ${toString goModFile} states no module" else found;
    };
in
{
  inherit pluginMetadata systems;

  forApp = import ./app.nix {
    inherit graftFor pluginMetadata systems;
    zigRelease = fromJSON (readFile (source + "/internal/toolchain/zig.json"));
  };

  # forSystems is that of forApp for flakes without an application: all systems.
  forSystems = f: {
    packages = listToAttrs (map (name: { inherit name; value = f name; }) systems);
  };
}
