{
  description = "The image server, for its plugins' flakes to build with";

  inputs.graft.url = "path:../../.."; # elsewhere: github:graft-build/graft

  outputs =
    { self, graft }:
    let
      lib = graft.lib.forApp {
        pname = "image-server";
        src = "${graft}/examples/image-server"; # in a repository of its own: src = ./.;
        lock = ./graft.lock; # and then this is found in src
      };
    in
    { inherit lib; }
    // lib.forSystems (system: {
      default = lib.buildApp { inherit system; };
      rpi4app = lib.crossBuildRPi4App { inherit system; };
      win64app = lib.crossBuildWin64App { inherit system; };
      container-image = lib.containerImage { inherit system; };
    });
}
